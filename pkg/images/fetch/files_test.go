package fetch_test

import (
	"io"
	"log"
	"net"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-containerregistry/pkg/name"
	ggcr "github.com/google/go-containerregistry/pkg/registry"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/static"
	"github.com/google/go-containerregistry/pkg/v1/types"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/failure"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/fetch"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/registry"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/registry/servertest"
)

func TestFilesOfAnImage(t *testing.T) {
	srv := httptest.NewServer(ggcr.New(ggcr.Logger(log.New(io.Discard, "", 0))))
	t.Cleanup(srv.Close)
	address, err := url.Parse(srv.URL)
	if err != nil {
		t.Fatal(err)
	}
	image, err := mutate.AppendLayers(empty.Image,
		static.NewLayer(servertest.Gzipped(t, servertest.Archive(t, servertest.File("addons/a/gzip.yaml", "g"), servertest.File("addons/a/gone.yaml", "g"))), types.DockerLayer),
		static.NewLayer(servertest.Zstandard(t, servertest.Archive(t, servertest.File("addons/a/zstd.yaml", "z"), servertest.File("addons/a/.wh.gone.yaml", ""))), types.OCILayerZStd),
		static.NewLayer(servertest.Archive(t, servertest.File("addons/a/bare.yaml", "b")), types.OCIUncompressedLayer))
	if err != nil {
		t.Fatal(err)
	}
	other, err := mutate.AppendLayers(empty.Image, static.NewLayer(servertest.Gzipped(t, servertest.Archive(t, servertest.File("addons/a/arm.yaml", "a"))), types.DockerLayer))
	if err != nil {
		t.Fatal(err)
	}
	index := mutate.AppendManifests(empty.Index,
		mutate.IndexAddendum{Add: other, Descriptor: v1.Descriptor{Platform: &v1.Platform{OS: "linux", Architecture: "arm64"}}},
		mutate.IndexAddendum{Add: image, Descriptor: v1.Descriptor{Platform: &v1.Platform{OS: "linux", Architecture: "amd64"}}})
	push(t, address.Host+"/kkp/addons:single", func(ref name.Reference) error { return remote.Write(ref, image) })
	push(t, address.Host+"/kkp/addons:multi", func(ref name.Reference) error { return remote.WriteIndex(ref, index) })

	reg := registry.New(registry.Config{})
	t.Cleanup(reg.Close)
	for _, tag := range []string{"single", "multi"} {
		ref := images.Ref{Registry: address.Host, Repository: "kkp/addons", Tag: tag}
		files, refused, err := fetch.NewReader(reg).Files(t.Context(), ref, "addons", func(string) bool { return true })
		if err != nil {
			t.Fatal(err)
		}
		want := map[string][]byte{"a/gzip.yaml": []byte("g"), "a/zstd.yaml": []byte("z"), "a/bare.yaml": []byte("b")}
		if diff := cmp.Diff(want, files); diff != "" || len(refused) != 0 {
			t.Error(tag, refused, diff)
		}
	}
	_, _, err = fetch.NewReader(reg).Files(t.Context(), images.Ref{Registry: address.Host, Repository: "kkp/addons", Tag: "none"}, "addons", nil)
	if err == nil || failure.Classify(err) != images.ClassNotFound {
		t.Error(err)
	}
}

func push(t *testing.T, text string, write func(name.Reference) error) {
	t.Helper()
	ref, err := name.ParseReference(text)
	if err != nil {
		t.Fatal(err)
	}
	if err := write(ref); err != nil {
		t.Fatal(err)
	}
}

// TestOfflineIsKnownSoon checks that there is no long wait without network access.
func TestOfflineIsKnownSoon(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	host := listener.Addr().String()
	listener.Close()
	reg := registry.New(registry.Config{})
	t.Cleanup(reg.Close)
	start := time.Now()
	_, _, err = fetch.NewReader(reg).Files(t.Context(), images.Ref{Registry: host, Repository: "kkp/addons", Tag: "v1"}, "addons", nil)
	if err == nil || !strings.Contains(err.Error(), "reaching "+host) || time.Since(start) > 5*time.Second {
		t.Error(time.Since(start), err)
	}
}
