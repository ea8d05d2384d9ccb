package releases

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/static"
	"github.com/google/go-containerregistry/pkg/v1/types"
	"golang.org/x/sync/errgroup"
	"helm.sh/helm/v3/pkg/chartutil"
)

const (
	configType  types.MediaType = "application/vnd.cncf.helm.config.v1+json"
	contentType types.MediaType = "application/vnd.cncf.helm.chart.content.v1.tar+gzip"
	headerLimit                 = 10 * time.Second
	echoVersion                 = "1.2.0"
	pushers                     = 8
)

// applicationCharts are the charts of the applications of KKP's system, with every version that a release of the sandbox
// ships.
func applicationCharts() map[string][]string {
	return map[string][]string{
		"cluster-autoscaler": {"9.46.6", "9.59.0"},
		"cilium": {
			"1.13.0", "1.13.3", "1.13.4", "1.13.6", "1.13.7", "1.13.8", "1.13.14", "1.14.1", "1.14.2", "1.14.3", "1.14.9", "1.14.16", "1.15.3",
			"1.15.10", "1.15.16", "1.16.6", "1.16.9", "1.17.7", "1.17.12", "1.17.14", "1.17.16", "1.18.2", "1.18.6", "1.18.8", "1.18.10", "1.19.4",
		},
	}
}

// IsChart tells whether a reference is that of a chart, for which no synthetic image can stand in.
func IsChart(reference string) bool { return strings.Contains(reference, "/helm-charts/") }

// packed returns an embedded chart as an archive, as a version if that is not empty.
func packed(name, version string) ([]byte, error) {
	loaded, err := load(name)
	if err != nil {
		return nil, err
	}
	loaded.Metadata.Version = cmp.Or(version, loaded.Metadata.Version)
	dir, err := os.MkdirTemp("", "kkp-sandbox-chart-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	archive, err := chartutil.Save(loaded, dir)
	if err != nil {
		return nil, err
	}

	return os.ReadFile(filepath.Clean(archive))
}

// Push stores the charts of applications in the registry that stands in for all public ones, below each of these
// repositories.
func Push(ctx context.Context, upstream string, repositories ...string) error {
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(pushers)
	for chart, versions := range applicationCharts() {
		for _, version := range versions {
			group.Go(func() error {
				content, err := packed(chart, version)
				if err != nil {
					return err
				}
				for _, repository := range repositories {
					if err := push(ctx, upstream+"/"+repository+"/"+chart+":"+version, content); err != nil {
						return err
					}
				}
				return nil
			})
		}
	}

	return group.Wait()
}

// push stores a packed chart as Helm does.
func push(ctx context.Context, reference string, content []byte) error {
	ref, err := name.NewTag(reference, name.Insecure)
	if err != nil {
		return err
	}
	image, err := mutate.AppendLayers(mutate.ConfigMediaType(mutate.MediaType(empty.Image, types.OCIManifestSchema1), configType),
		static.NewLayer(content, contentType))
	if err != nil {
		return err
	}

	return remote.Write(ref, image, remote.WithContext(ctx))
}

// Serve serves a chart repository with the chart of the echoserver. It returns its address, and what stops it.
func Serve() (address string, stop func(), err error) {
	content, err := packed("echoserver", "")
	if err != nil {
		return "", nil, err
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", nil, err
	}
	index := fmt.Sprintf("apiVersion: v1\nentries:\n  echoserver:\n  - {apiVersion: v2, name: echoserver, version: %s, urls: [echoserver.tgz]}\n", echoVersion)
	files := http.NewServeMux()
	for path, body := range map[string][]byte{"/index.yaml": []byte(index), "/echoserver.tgz": content} {
		files.HandleFunc(path, func(w http.ResponseWriter, r *http.Request) {
			http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(body))
		})
	}
	server := &http.Server{Handler: files, ReadHeaderTimeout: headerLimit}
	done := make(chan struct{})
	go func() {
		defer close(done)
		if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
			panic(err)
		}
	}()

	return "http://" + listener.Addr().String(), func() { _ = server.Close(); <-done }, nil
}
