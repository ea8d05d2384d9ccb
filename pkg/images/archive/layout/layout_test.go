package layout

import (
	"bytes"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/types"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/failure"
)

func blobOf(t *testing.T, text string) (v1.Hash, []byte) {
	t.Helper()
	digest, _, err := v1.SHA256(strings.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	return digest, []byte(text)
}

// forms returns one archive of each form, in directories of their own.
func forms(t *testing.T) map[string]string {
	return map[string]string{
		"directory": DirScheme + filepath.Join(t.TempDir(), "layout"),
		"tar":       TarScheme + filepath.Join(t.TempDir(), "layout.tar"),
	}
}

func write(t *testing.T, a *Archive, text string) v1.Hash {
	t.Helper()
	digest, data := blobOf(t, text)
	if err := a.Write(digest, int64(len(data)), bytes.NewReader(data)); err != nil {
		t.Fatal(err)
	}
	return digest
}

func read(t *testing.T, a *Archive, digest v1.Hash) string {
	t.Helper()
	r, err := a.Blob(digest)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	data, err := io.ReadAll(r)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

func TestWhatIsWrittenIsRead(t *testing.T) {
	for form, name := range forms(t) {
		t.Run(form, func(t *testing.T) {
			a, err := Create(name)
			if err != nil {
				t.Fatal(err)
			}
			long := strings.Repeat("long ", 1000)
			first, second := write(t, a, "first"), write(t, a, long)
			if err := a.Tag("quay.io/a/b:v1", v1.Descriptor{MediaType: types.OCIManifestSchema1, Digest: first, Size: 5}); err != nil {
				t.Fatal(err)
			}
			if err := a.Finish(); err != nil {
				t.Fatal(err)
			}
			b, err := Open(t.Context(), name)
			if err != nil {
				t.Fatal(err)
			}
			defer b.Close()
			if got := read(t, b, first) + read(t, b, second); got != "first"+long {
				t.Errorf("got %q", got)
			}
			if desc, ok := b.Find("quay.io/a/b:v1"); !ok || desc.Digest != first || len(b.Entries()) != 1 {
				t.Errorf("got %v, %t, %v", desc, ok, b.Entries())
			}
			absent, _ := blobOf(t, "other")
			var missing *failure.NotFoundError
			if _, err := b.Blob(absent); !errors.As(err, &missing) {
				t.Errorf("got %v", err)
			}
		})
	}
}

func TestWritingGoesOn(t *testing.T) {
	for form, name := range forms(t) {
		t.Run(form, func(t *testing.T) {
			a, err := Create(name)
			if err != nil {
				t.Fatal(err)
			}
			whole := write(t, a, "whole")
			cut, data := blobOf(t, strings.Repeat("cut ", 500))
			if err := a.Write(cut, int64(len(data)), bytes.NewReader(data[:700])); !errors.Is(err, io.ErrUnexpectedEOF) {
				t.Errorf("got %v", err)
			}
			gone, data2 := blobOf(t, strings.Repeat("gone ", 500))
			_ = a.Write(gone, int64(len(data2)), bytes.NewReader(data2[:10])) // a blob that no image needs any more
			if a.Has(cut) || !a.Has(whole) {
				t.Error("what was cut is there")
			}
			if err := a.Close(); err != nil { // as after an interruption
				t.Fatal(err)
			}
			if b, err := Open(t.Context(), name); err == nil && form == "tar" {
				t.Errorf("half an archive was opened: %v", b)
			}
			for range 2 { // the archive is complete the second time
				b, err := Create(name)
				if err != nil {
					t.Fatal(err)
				}
				if !b.Has(whole) {
					t.Error("what was written is not there")
				}
				if !b.Has(cut) {
					if err := b.Write(cut, int64(len(data)), bytes.NewReader(data)); err != nil {
						t.Fatal(err)
					}
				}
				if err := b.Tag("quay.io/a/b:v1", v1.Descriptor{Digest: cut}); err != nil {
					t.Fatal(err)
				}
				if err := b.Finish(); err != nil {
					t.Fatal(err)
				}
			}
			c, err := Open(t.Context(), name)
			if err != nil {
				t.Fatal(err)
			}
			defer c.Close()
			if got := read(t, c, cut); got != string(data) || c.Has(gone) {
				t.Errorf("got %d bytes, and %t", len(got), c.Has(gone))
			}
		})
	}
}

func TestACutTarIsRefused(t *testing.T) {
	name := filepath.Join(t.TempDir(), "a.tar")
	a, err := Create(TarScheme + name)
	if err != nil {
		t.Fatal(err)
	}
	write(t, a, strings.Repeat("x", 5000))
	if err := a.Finish(); err != nil {
		t.Fatal(err)
	}
	for _, size := range []int64{100, 600, 3000, 5632} {
		if err := os.Truncate(name, size); err == nil {
			if _, err := Open(t.Context(), TarScheme+name); err == nil {
				t.Errorf("cut to %d bytes: no error", size)
			}
		}
		if err := os.Truncate(name, 0); err != nil {
			t.Fatal(err)
		}
	}
}
