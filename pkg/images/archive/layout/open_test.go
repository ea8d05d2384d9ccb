package layout

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-containerregistry/pkg/crane"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/random"
	"github.com/google/go-containerregistry/pkg/v1/types"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/failure"
)

// dockerArchive writes a docker-archive as crane does.
func dockerArchive(t *testing.T) (path string, img v1.Image) {
	t.Helper()
	img, err := random.Image(2000, 2)
	if err != nil {
		t.Fatal(err)
	}
	path = filepath.Join(t.TempDir(), "images.tar")
	names := map[string]v1.Image{"quay.io/a/b:v1": img, "quay.io/a/c@sha256:" + strings.Repeat("0", 64): img}
	if err := crane.MultiSave(names, path); err != nil {
		t.Fatal(err)
	}
	return path, img
}

// ociArchive writes an archive of this package.
func ociArchive(t *testing.T) (path string, digest v1.Hash) {
	t.Helper()
	path = filepath.Join(t.TempDir(), "layout.tar")
	a, err := Create(TarScheme + path)
	if err != nil {
		t.Fatal(err)
	}
	digest = write(t, a, "manifest")
	if err := a.Tag("quay.io/a/b:v1", v1.Descriptor{MediaType: types.OCIManifestSchema1, Digest: digest, Size: 8}); err != nil {
		t.Fatal(err)
	}
	if err := a.Finish(); err != nil {
		t.Fatal(err)
	}
	return path, digest
}

// gzipFile compresses a file, and keeps a name without .gz.
func gzipFile(t *testing.T, path string) string {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	if _, err := w.Write(data); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	packed := filepath.Join(t.TempDir(), "packed.tar")
	if err := os.WriteFile(packed, b.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	return packed
}

func TestDockerArchivesOpen(t *testing.T) {
	path, img := dockerArchive(t)
	want, err := img.Digest()
	if err != nil {
		t.Fatal(err)
	}
	layers, err := img.Layers()
	if err != nil {
		t.Fatal(err)
	}
	packed := gzipFile(t, path)
	temporary := t.TempDir()
	t.Setenv("TMPDIR", temporary)
	for _, name := range []string{path, "local://" + path, TarScheme + path, packed, "local://" + packed} {
		a, err := Open(t.Context(), name)
		if err != nil {
			t.Fatal(err)
		}
		if desc, ok := a.Find("quay.io/a/b:v1"); !ok || desc.Digest != want || len(a.Entries()) != 1 || a.Base() != nil {
			t.Errorf("%s: found %v in %v", name, desc, a.Entries())
		}
		for _, layer := range layers {
			digest, err := layer.Digest()
			if err != nil {
				t.Fatal(err)
			}
			if got := read(t, a, digest); !a.Has(digest) || int64(len(got)) < 2000 {
				t.Errorf("%s: %d bytes", name, len(got))
			}
		}
		absent, _ := blobOf(t, "other")
		var missing *failure.NotFoundError
		if _, err := a.Blob(absent); !errors.As(err, &missing) {
			t.Errorf("got %v", err)
		}
		if left := a.LeftOut(); len(left) != 1 || left[0].Name != "quay.io/a/c" {
			t.Errorf("left out: %v", left)
		}
		if notes := strings.Join(a.Notes(), "\n"); !strings.Contains(notes, "docker-archive") || !strings.Contains(notes, "one platform") {
			t.Errorf("notes: %q", notes)
		}
		if a.Write(absent, 5, strings.NewReader("other")) == nil || a.Tag("x", v1.Descriptor{}) == nil || a.Finish() == nil || a.CheckRoom(1) == nil {
			t.Error("what is only read was written")
		}
		if err := a.Close(); err != nil {
			t.Error(err)
		}
	}
	if left, err := os.ReadDir(temporary); len(left) > 0 || err != nil {
		t.Errorf("left behind: %v, %v", left, err)
	}
}

func TestPackedArchivesOpen(t *testing.T) {
	path, digest := ociArchive(t)
	packed := gzipFile(t, path)
	temporary := t.TempDir()
	t.Setenv("TMPDIR", temporary)
	a, err := Open(t.Context(), packed)
	if err != nil {
		t.Fatal(err)
	}
	if got := read(t, a, digest); got != "manifest" || len(a.Notes())+len(a.LeftOut()) > 0 {
		t.Errorf("got %q, %v, %v", got, a.Notes(), a.LeftOut())
	}
	if err := a.Close(); err != nil {
		t.Fatal(err)
	}

	data, err := os.ReadFile(packed)
	if err != nil {
		t.Fatal(err)
	}
	flipped := slices.Clone(data)
	flipped[len(data)-8] ^= 1 // its checksum
	for name, damage := range map[string][]byte{"cut": data[:len(data)/2], "flipped": flipped, "head": data[:5]} {
		if err := os.WriteFile(packed, damage, 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := Open(t.Context(), packed); err == nil || !strings.Contains(err.Error(), "truncated or damaged") {
			t.Errorf("%s: %v", name, err)
		}
	}
	if err := os.WriteFile(packed, data, 0o600); err != nil {
		t.Fatal(err)
	}
	cancelled, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := Open(cancelled, packed); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
	if left, err := os.ReadDir(temporary); len(left) > 0 || err != nil {
		t.Errorf("left behind: %v, %v", left, err)
	}
	t.Setenv("TMPDIR", filepath.Join(temporary, "none"))
	if _, err := Open(t.Context(), packed); err == nil || !strings.Contains(err.Error(), "TMPDIR") {
		t.Errorf("got %v", err)
	}
}

// TestNamesThatOthersWrite reads the names of other tools, which write the full reference
// to containerd's annotation, or not at all.
func TestNamesThatOthersWrite(t *testing.T) {
	dir := t.TempDir()
	digest, _ := blobOf(t, "manifest")
	index := v1.IndexManifest{SchemaVersion: 2, MediaType: types.OCIImageIndex}
	for _, names := range []map[string]string{
		{containerdAnnotation: "docker.io/library/alpine:3.20", NameAnnotation: "3.20"}, // docker, ctr
		{NameAnnotation: "quay.io/a/b:v1"},                                              // skopeo, and this package
		{NameAnnotation: "busybox:1"},
		{NameAnnotation: "latest"},
		{NameAnnotation: "Not A Name"},
		nil,
	} {
		index.Manifests = append(index.Manifests, v1.Descriptor{MediaType: types.OCIManifestSchema1, Digest: digest, Size: 8, Annotations: names})
	}
	data, err := json.Marshal(index)
	if err != nil {
		t.Fatal(err)
	}
	for name, content := range map[string][]byte{layoutFile: []byte(layoutText), indexFile: data} {
		if err := os.WriteFile(filepath.Join(dir, name), content, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	a, err := Open(t.Context(), DirScheme+dir)
	if err != nil {
		t.Fatal(err)
	}
	var names, left []string
	for _, desc := range a.Entries() {
		names = append(names, desc.Annotations[NameAnnotation])
	}
	for _, l := range a.LeftOut() {
		left = append(left, l.Name)
	}
	if want := []string{"docker.io/library/alpine:3.20", "quay.io/a/b:v1", "docker.io/library/busybox:1", ""}; !slices.Equal(names, want) {
		t.Errorf("got %q", names)
	}
	if want := []string{"latest", "Not A Name"}; !slices.Equal(left, want) {
		t.Errorf("left out: %q", left)
	}
}

func TestRoomIsChecked(t *testing.T) {
	for form, name := range forms(t) {
		t.Run(form, func(t *testing.T) {
			a, err := Create(name)
			if err != nil {
				t.Fatal(err)
			}
			defer a.Close()
			if err := a.CheckRoom(1 << 10); err != nil {
				t.Error(err)
			}
			var full *NoSpaceError
			if err := a.CheckRoom(1 << 62); !errors.As(err, &full) || full.Need != 1<<62 || full.Free <= 0 || full.Free >= full.Need {
				t.Errorf("got %v", err)
			}
			digest, _ := blobOf(t, "x")
			if err := a.Write(digest, 1<<62, strings.NewReader("x")); !errors.As(err, &full) || a.Has(digest) {
				t.Errorf("got %v", err)
			}
		})
	}
}

func TestWhatIsNoArchiveIsNotOverwritten(t *testing.T) {
	saved, _ := dockerArchive(t)
	text := filepath.Join(t.TempDir(), "notes.txt")
	if err := os.WriteFile(text, []byte("not to be lost"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{saved, text} {
		before, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := Create(TarScheme + path); err == nil || !strings.Contains(err.Error(), "not an OCI archive") {
			t.Errorf("got %v", err)
		}
		if after, err := os.ReadFile(path); !bytes.Equal(before, after) || err != nil {
			t.Errorf("%s has changed: %v", path, err)
		}
	}
}
