package layers_test

import (
	"archive/tar"
	"bytes"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/fetch/layers"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/registry/servertest"
)

// texts adds layers to a tree and returns the files, and the errors of other files.
func texts(t testing.TB, packed ...[]byte) (files, refused map[string]string) {
	t.Helper()
	tree := layers.NewTree("addons", func(path string) bool { return strings.HasSuffix(path, ".yaml") })
	for _, layer := range packed {
		if err := tree.AddPacked(t.Context(), bytes.NewReader(layer)); err != nil {
			t.Fatal(err)
		}
	}
	content, errs := tree.Resolve()
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
		servertest.Archive(t,
			servertest.File("addons/", ""), servertest.File("addons/a/x.yaml", "old"), servertest.File("./addons/a/y.yaml", "y"), servertest.File("/addons/b/z.yaml", "z"),
			servertest.File("addons/c/1.yaml", "1"), servertest.File("addons/c/2.yaml", "2"), servertest.File("addons/d/e/3.yaml", "3"), servertest.File("addons/f.yaml", "f"),
			servertest.File("addons/a/x.txt", "not wanted"), servertest.File("etc/x.yaml", "elsewhere"), servertest.File("addonsx/x.yaml", "elsewhere")),
		servertest.Archive(t,
			servertest.File("addons/a/x.yaml", "new"), servertest.File("addons/a/.wh.y.yaml", ""), servertest.File("addons/.wh.b", ""),
			servertest.File("addons/c/3.yaml", "of this layer"), servertest.File("addons/c/.wh..wh..opq", ""), servertest.File("addons/d", "a file in the place of a directory")),
	)
	want := map[string]string{"a/x.yaml": "new", "c/3.yaml": "of this layer", "f.yaml": "f"}
	if diff := cmp.Diff(want, files); diff != "" || len(refused) != 0 {
		t.Error(refused, diff)
	}
}

func TestLinks(t *testing.T) {
	files, refused := texts(t, servertest.Archive(t,
		servertest.File("addons/a/file.yaml", "content"), servertest.File("etc/passwd", "secret"),
		servertest.File("addons/a/near.yaml", "→file.yaml"), servertest.File("addons/b/up.yaml", "→../a/near.yaml"),
		servertest.File("addons/b/absolute.yaml", "→/addons/a/file.yaml"), servertest.File("addons/b/hard.yaml", "⇒addons/a/file.yaml"),
		servertest.File("addons/c/out.yaml", "→../../etc/passwd"), servertest.File("addons/c/far.yaml", "→../../../../../../etc/passwd"), servertest.File("addons/c/hard.yaml", "⇒etc/passwd"),
		servertest.File("addons/d/one.yaml", "→two.yaml"), servertest.File("addons/d/two.yaml", "→one.yaml"), servertest.File("addons/d/none.yaml", "→nothing.yaml"),
	))
	want := map[string]string{"a/file.yaml": "content", "a/near.yaml": "content", "b/up.yaml": "content", "b/absolute.yaml": "content", "b/hard.yaml": "content"}
	if diff := cmp.Diff(want, files); diff != "" {
		t.Error(diff)
	}
	wantRefused := map[string]string{
		"c/out.yaml":  "the link leads out of /addons, to /etc/passwd",
		"c/far.yaml":  "the link leads out of /addons, to /etc/passwd",
		"c/hard.yaml": "the link leads out of /addons, to /etc/passwd",
		"d/one.yaml":  "the link leads to itself, or over more than 40 other links",
		"d/two.yaml":  "the link leads to itself, or over more than 40 other links",
		"d/none.yaml": "the target of the link, /addons/d/nothing.yaml, is not a file that is read",
	}
	if diff := cmp.Diff(wantRefused, refused); diff != "" {
		t.Error(diff)
	}
}

func TestHostileEntries(t *testing.T) {
	large := tarHeader(t, "addons/a/large.yaml", 1<<30)
	files, refused := texts(t, servertest.Archive(t,
		servertest.File("../addons/a/climbs.yaml", "x"), servertest.File("addons/../../etc/evil.yaml", "x"), servertest.File("../etc/passwd.yaml", "x"), servertest.File("addons/b/good.yaml", "good"),
	))
	if diff := cmp.Diff(map[string]string{"b/good.yaml": "good"}, files); diff != "" {
		t.Error(diff)
	}
	if len(refused) != 2 || !strings.Contains(refused["a/climbs.yaml"], "leads out of a directory") || refused["../../etc/evil.yaml"] == "" {
		t.Error(refused)
	}
	tree := layers.NewTree("addons", func(string) bool { return true })
	zeros := io.LimitReader(zeroes{}, 1<<30)
	start := time.Now()
	if err := tree.AddPacked(t.Context(), io.MultiReader(bytes.NewReader(large), zeros, bytes.NewReader(servertest.Archive(t, servertest.File("addons/b/x.yaml", "x"))))); err != nil {
		t.Fatal(err)
	}
	content, errs := tree.Resolve()
	if string(content["b/x.yaml"]) != "x" || fmt.Sprint(errs["a/large.yaml"]) != "the file has 1024 MiB, more than the limit of 4 MiB" {
		t.Error(content, errs)
	}
	t.Log("1 GiB was passed in", time.Since(start))
	if err := tree.AddPacked(t.Context(), strings.NewReader(strings.Repeat("no archive ", 100))); err == nil || !strings.Contains(err.Error(), "cannot be unpacked") {
		t.Error(err)
	}
}

// tarHeader returns the header of a file without content.
func tarHeader(t *testing.T, name string, size int64) []byte {
	var buffer bytes.Buffer
	if err := tar.NewWriter(&buffer).WriteHeader(&tar.Header{Name: name, Size: size, Mode: 0o644, Typeflag: tar.TypeReg}); err != nil {
		t.Fatal(err)
	}
	return buffer.Bytes()
}

type zeroes struct{}

func (zeroes) Read(p []byte) (int, error) { clear(p); return len(p), nil }

// FuzzLayer has seeds in the formats of registries: gzip, zstd and uncompressed.
func FuzzLayer(f *testing.F) {
	f.Add(servertest.Archive(f, servertest.File("addons/a/x.yaml", "x"), servertest.File("addons/a/.wh.y", ""), servertest.File("addons/.wh..wh..opq", "")))
	f.Add(servertest.Archive(f, servertest.File("addons/a/x.yaml", "→../../x"), servertest.File("addons/a/x.yaml", "⇒addons/a/x.yaml"), servertest.File("../x", "x")))
	f.Fuzz(func(t *testing.T, layer []byte) {
		tree := layers.NewTree("addons", func(string) bool { return true })
		_ = tree.AddPacked(t.Context(), bytes.NewReader(layer))
		_ = tree.AddPacked(t.Context(), bytes.NewReader(layer))
		files, refused := tree.Resolve()
		for path := range files {
			if refused[path] != nil || path == "" || strings.HasPrefix(path, "/") || strings.Contains("/"+path+"/", "/../") {
				t.Errorf("%q", path)
			}
		}
	})
}
