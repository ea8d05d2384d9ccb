package transfer

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"fmt"
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
	"github.com/google/go-containerregistry/pkg/registry"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/static"
	"github.com/google/go-containerregistry/pkg/v1/types"
	"github.com/klauspost/compress/zstd"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images"
)

// entry is an entry of a layer: a file, or a link if its text begins with "→" or "⇒".
type entry struct{ name, text string }

func archive(t testing.TB, entries ...entry) []byte {
	t.Helper()
	var buffer bytes.Buffer
	w := tar.NewWriter(&buffer)
	for _, e := range entries {
		header := &tar.Header{Name: e.name, Mode: 0o644, Size: int64(len(e.text)), Typeflag: tar.TypeReg}
		if target, ok := strings.CutPrefix(e.text, "→"); ok {
			header.Typeflag, header.Linkname, header.Size = tar.TypeSymlink, target, 0
		}
		if target, ok := strings.CutPrefix(e.text, "⇒"); ok {
			header.Typeflag, header.Linkname, header.Size = tar.TypeLink, target, 0
		}
		if strings.HasSuffix(e.name, "/") {
			header.Typeflag = tar.TypeDir
		}
		if err := w.WriteHeader(header); err != nil {
			t.Fatal(err)
		}
		if header.Size > 0 {
			if _, err := io.WriteString(w, e.text); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return buffer.Bytes()
}

// texts adds layers to a tree and returns its files, and the others with their errors.
func texts(t testing.TB, layers ...[]byte) (files, refused map[string]string) {
	t.Helper()
	tree := newFileTree("addons", func(path string) bool { return strings.HasSuffix(path, ".yaml") })
	for _, layer := range layers {
		if err := tree.add(bytes.NewReader(layer)); err != nil {
			t.Fatal(err)
		}
	}
	content, errs := tree.resolve()
	files, refused = map[string]string{}, map[string]string{}
	for path, data := range content {
		files[path] = string(data)
	}
	for path, err := range errs {
		refused[path] = err.Error()
	}
	return files, refused
}

func TestLayersAndWhiteouts(t *testing.T) {
	files, refused := texts(t,
		archive(t,
			entry{"addons/", ""}, entry{"addons/a/x.yaml", "old"}, entry{"./addons/a/y.yaml", "y"}, entry{"/addons/b/z.yaml", "z"},
			entry{"addons/c/1.yaml", "1"}, entry{"addons/c/2.yaml", "2"}, entry{"addons/d/e/3.yaml", "3"}, entry{"addons/f.yaml", "f"},
			entry{"addons/a/x.txt", "not wanted"}, entry{"etc/x.yaml", "elsewhere"}, entry{"addonsx/x.yaml", "elsewhere"}),
		archive(t,
			entry{"addons/a/x.yaml", "new"}, entry{"addons/a/.wh.y.yaml", ""}, entry{"addons/.wh.b", ""},
			entry{"addons/c/3.yaml", "of this layer"}, entry{"addons/c/.wh..wh..opq", ""}, entry{"addons/d", "a file in the place of a directory"}),
	)
	want := map[string]string{"a/x.yaml": "new", "c/3.yaml": "of this layer", "f.yaml": "f"}
	if diff := cmp.Diff(want, files); diff != "" || len(refused) != 0 {
		t.Error(refused, diff)
	}
}

func TestLinks(t *testing.T) {
	files, refused := texts(t, archive(t,
		entry{"addons/a/file.yaml", "content"}, entry{"etc/passwd", "secret"},
		entry{"addons/a/near.yaml", "→file.yaml"}, entry{"addons/b/up.yaml", "→../a/near.yaml"},
		entry{"addons/b/absolute.yaml", "→/addons/a/file.yaml"}, entry{"addons/b/hard.yaml", "⇒addons/a/file.yaml"},
		entry{"addons/c/out.yaml", "→../../etc/passwd"}, entry{"addons/c/far.yaml", "→../../../../../../etc/passwd"}, entry{"addons/c/hard.yaml", "⇒etc/passwd"},
		entry{"addons/d/one.yaml", "→two.yaml"}, entry{"addons/d/two.yaml", "→one.yaml"}, entry{"addons/d/none.yaml", "→nothing.yaml"},
	))
	want := map[string]string{"a/file.yaml": "content", "a/near.yaml": "content", "b/up.yaml": "content", "b/absolute.yaml": "content", "b/hard.yaml": "content"}
	if diff := cmp.Diff(want, files); diff != "" {
		t.Error(diff)
	}
	wantRefused := map[string]string{
		"c/out.yaml":  "it is a link out of /addons, to /etc/passwd",
		"c/far.yaml":  "it is a link out of /addons, to /etc/passwd",
		"c/hard.yaml": "it is a link out of /addons, to /etc/passwd",
		"d/one.yaml":  "it is a link that leads to itself, or to more than 40 others",
		"d/two.yaml":  "it is a link that leads to itself, or to more than 40 others",
		"d/none.yaml": "it is a link to /addons/d/nothing.yaml, which is no such file",
	}
	if diff := cmp.Diff(wantRefused, refused); diff != "" {
		t.Error(diff)
	}
}

func TestHostileEntries(t *testing.T) {
	large := tarHeader(t, "addons/a/large.yaml", 1<<30)
	files, refused := texts(t, archive(t,
		entry{"../addons/a/climbs.yaml", "x"}, entry{"addons/../../etc/evil.yaml", "x"}, entry{"../etc/passwd.yaml", "x"}, entry{"addons/b/good.yaml", "good"},
	))
	if diff := cmp.Diff(map[string]string{"b/good.yaml": "good"}, files); diff != "" {
		t.Error(diff)
	}
	if len(refused) != 2 || !strings.Contains(refused["a/climbs.yaml"], "leads out of a directory") || refused["../../etc/evil.yaml"] == "" {
		t.Error(refused)
	}
	tree := newFileTree("addons", func(string) bool { return true })
	zeros := io.LimitReader(zeroes{}, 1<<30)
	start := time.Now()
	if err := tree.add(io.MultiReader(bytes.NewReader(large), zeros, bytes.NewReader(archive(t, entry{"addons/b/x.yaml", "x"})))); err != nil {
		t.Fatal(err)
	}
	content, errs := tree.resolve()
	if string(content["b/x.yaml"]) != "x" || fmt.Sprint(errs["a/large.yaml"]) != "it has 1024 MiB: at most 4 are read" {
		t.Error(content, errs)
	}
	t.Log("1 GiB was passed in", time.Since(start))
	if err := tree.add(strings.NewReader(strings.Repeat("no archive ", 100))); err == nil || !strings.Contains(err.Error(), "cannot be unpacked") {
		t.Error(err)
	}
}

// tarHeader is the header of a file without its content.
func tarHeader(t *testing.T, name string, size int64) []byte {
	var buffer bytes.Buffer
	if err := tar.NewWriter(&buffer).WriteHeader(&tar.Header{Name: name, Size: size, Mode: 0o644, Typeflag: tar.TypeReg}); err != nil {
		t.Fatal(err)
	}
	return buffer.Bytes()
}

type zeroes struct{}

func (zeroes) Read(p []byte) (int, error) { clear(p); return len(p), nil }

func TestAllLayersAreBounded(t *testing.T) {
	tree := newFileTree("addons", func(string) bool { return true })
	tree.content = maxContent - 100
	if err := tree.add(bytes.NewReader(archive(t, entry{"x", strings.Repeat("x", 1000)}))); err == nil || !strings.Contains(err.Error(), "more than 4 GiB") {
		t.Error(err)
	}
	tree = newFileTree("addons", func(string) bool { return true })
	tree.seen = maxEntries
	if err := tree.add(bytes.NewReader(archive(t, entry{"x", "x"}))); err == nil || !strings.Contains(err.Error(), "entries") {
		t.Error(err)
	}
	tree = newFileTree("addons", func(string) bool { return true })
	tree.size = maxFiles
	if err := tree.add(bytes.NewReader(archive(t, entry{"addons/x", "x"}))); err == nil || !strings.Contains(err.Error(), "more than 128 MiB") {
		t.Error(err)
	}
}

// gzipped, zstandard and bare are what registries have as layers.
func gzipped(t *testing.T, data []byte) []byte {
	var buffer bytes.Buffer
	w := gzip.NewWriter(&buffer)
	if _, err := w.Write(data); err != nil || w.Close() != nil {
		t.Fatal(err)
	}
	return buffer.Bytes()
}

func zstandard(t *testing.T, data []byte) []byte {
	w, err := zstd.NewWriter(nil, zstd.WithEncoderConcurrency(1))
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	return w.EncodeAll(data, nil)
}

func TestFilesOfAnImage(t *testing.T) {
	srv := httptest.NewServer(registry.New(registry.Logger(log.New(io.Discard, "", 0))))
	t.Cleanup(srv.Close)
	address, err := url.Parse(srv.URL)
	if err != nil {
		t.Fatal(err)
	}
	image, err := mutate.AppendLayers(empty.Image,
		static.NewLayer(gzipped(t, archive(t, entry{"addons/a/gzip.yaml", "g"}, entry{"addons/a/gone.yaml", "g"})), types.DockerLayer),
		static.NewLayer(zstandard(t, archive(t, entry{"addons/a/zstd.yaml", "z"}, entry{"addons/a/.wh.gone.yaml", ""})), types.OCILayerZStd),
		static.NewLayer(archive(t, entry{"addons/a/bare.yaml", "b"}), types.OCIUncompressedLayer))
	if err != nil {
		t.Fatal(err)
	}
	other, err := mutate.AppendLayers(empty.Image, static.NewLayer(gzipped(t, archive(t, entry{"addons/a/arm.yaml", "a"})), types.DockerLayer))
	if err != nil {
		t.Fatal(err)
	}
	index := mutate.AppendManifests(empty.Index,
		mutate.IndexAddendum{Add: other, Descriptor: v1.Descriptor{Platform: &v1.Platform{OS: "linux", Architecture: "arm64"}}},
		mutate.IndexAddendum{Add: image, Descriptor: v1.Descriptor{Platform: &v1.Platform{OS: "linux", Architecture: "amd64"}}})
	push(t, address.Host+"/kkp/addons:single", func(ref name.Reference) error { return remote.Write(ref, image) })
	push(t, address.Host+"/kkp/addons:multi", func(ref name.Reference) error { return remote.WriteIndex(ref, index) })

	registries := NewRegistries(Config{})
	t.Cleanup(registries.Close)
	for _, tag := range []string{"single", "multi"} {
		ref := images.Ref{Registry: address.Host, Repository: "kkp/addons", Tag: tag}
		files, refused, err := registries.Files(t.Context(), ref, "addons", func(string) bool { return true })
		if err != nil {
			t.Fatal(err)
		}
		want := map[string][]byte{"a/gzip.yaml": []byte("g"), "a/zstd.yaml": []byte("z"), "a/bare.yaml": []byte("b")}
		if diff := cmp.Diff(want, files); diff != "" || len(refused) != 0 {
			t.Error(tag, refused, diff)
		}
	}
	_, _, err = registries.Files(t.Context(), images.Ref{Registry: address.Host, Repository: "kkp/addons", Tag: "none"}, "addons", nil)
	if err == nil || Classify(err) != images.ClassNotFound {
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

// TestOfflineIsKnownSoon: who has no network must not wait for retries.
func TestOfflineIsKnownSoon(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	host := listener.Addr().String()
	listener.Close()
	registries := NewRegistries(Config{})
	t.Cleanup(registries.Close)
	start := time.Now()
	_, _, err = registries.Files(t.Context(), images.Ref{Registry: host, Repository: "kkp/addons", Tag: "v1"}, "addons", nil)
	if err == nil || !strings.Contains(err.Error(), "reaching "+host) || time.Since(start) > 5*time.Second {
		t.Error(time.Since(start), err)
	}
}

func FuzzLayer(f *testing.F) {
	f.Add(archive(f, entry{"addons/a/x.yaml", "x"}, entry{"addons/a/.wh.y", ""}, entry{"addons/.wh..wh..opq", ""}))
	f.Add(archive(f, entry{"addons/a/x.yaml", "→../../x"}, entry{"addons/a/x.yaml", "⇒addons/a/x.yaml"}, entry{"../x", "x"}))
	f.Fuzz(func(t *testing.T, layer []byte) {
		tree := newFileTree("addons", func(string) bool { return true })
		_ = tree.add(bytes.NewReader(layer))
		_ = tree.add(bytes.NewReader(layer))
		files, refused := tree.resolve()
		for path := range files {
			if refused[path] != nil || path == "" || strings.HasPrefix(path, "/") || strings.Contains("/"+path+"/", "/../") {
				t.Errorf("%q", path)
			}
		}
	})
}
