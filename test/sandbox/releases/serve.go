package releases

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"time"

	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/static"
	"github.com/google/go-containerregistry/pkg/v1/types"
	"helm.sh/helm/v3/pkg/chartutil"
)

const (
	configType   types.MediaType = "application/vnd.cncf.helm.config.v1+json"
	contentType  types.MediaType = "application/vnd.cncf.helm.chart.content.v1.tar+gzip"
	headerLimit                  = 10 * time.Second
	echoVersion                  = "1.2.0"
	scalerTarget                 = "quay.io/kubermatic-mirror/helm-charts/cluster-autoscaler:9.59.0"
)

// packed returns an embedded chart as an archive.
func packed(name string) ([]byte, error) {
	loaded, err := load(name)
	if err != nil {
		return nil, err
	}
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

// Push stores the chart of the cluster-autoscaler in the registry that stands in for all public ones.
func Push(ctx context.Context, upstream string) error {
	content, err := packed("cluster-autoscaler")
	if err != nil {
		return err
	}
	ref, err := name.NewTag(upstream+"/"+scalerTarget, name.Insecure)
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
	content, err := packed("echoserver")
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
