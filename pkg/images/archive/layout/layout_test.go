package layout

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
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

// TestContinued checks that what an interrupted run has written is known before the next run, without
// a change of any file.
func TestContinued(t *testing.T) {
	for form, name := range forms(t) {
		t.Run(form, func(t *testing.T) {
			if a, err := Continued(t.Context(), name); err != nil || len(a.Entries()) > 0 {
				t.Fatalf("an archive that does not exist: %v", err)
			}
			a, err := Create(name)
			if err != nil {
				t.Fatal(err)
			}
			first := write(t, a, "first")
			half, _ := blobOf(t, "second")
			if err := a.Write(half, 6, strings.NewReader("sec")); err == nil {
				t.Fatal("half of a blob was written")
			}
			if err := a.Close(); err != nil {
				t.Fatal(err)
			}
			before := filesOf(t, name)
			b, err := Continued(t.Context(), name)
			if err != nil {
				t.Fatal(err)
			}
			defer b.Close()
			if !b.Has(first) || b.Has(half) {
				t.Errorf("first: %t, second: %t", b.Has(first), b.Has(half))
			}
			if b.Write(half, 6, strings.NewReader("second")) == nil {
				t.Error("what is only read was written")
			}
			if after := filesOf(t, name); after != before {
				t.Errorf("%s\nbefore:\n%s", after, before)
			}
		})
	}
}

// TestContinuedFirst checks that the content of an interrupted run counts, not the archive beside it,
// as for Create, and that a file that is no archive is refused.
func TestContinuedFirst(t *testing.T) {
	name := TarScheme + filepath.Join(t.TempDir(), "layout.tar")
	whole, err := Create(name)
	if err != nil {
		t.Fatal(err)
	}
	old := write(t, whole, "old")
	if err := whole.Finish(); err != nil {
		t.Fatal(err)
	}
	a, err := Continued(t.Context(), name)
	if err != nil {
		t.Fatal(err)
	}
	defer a.Close()
	if !a.Has(old) {
		t.Error("a complete archive has no content")
	}
	incomplete := strings.TrimPrefix(name, TarScheme) + partial
	for text, want := range map[string]string{"": "", "half of something else": "not an OCI archive"} {
		if err := os.WriteFile(incomplete, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		b, err := Continued(t.Context(), name)
		switch {
		case want != "":
			if err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("%q: got %v", text, err)
			}
		case err != nil:
			t.Error(err)
		default:
			if b.Has(old) {
				t.Error("the archive beside the incomplete file counts")
			}
			if err := b.Close(); err != nil {
				t.Error(err)
			}
		}
	}
}

// filesOf lists the files of an archive, with their sizes and times.
func filesOf(t *testing.T, name string) string {
	t.Helper()
	var list strings.Builder
	root := filepath.Dir(strings.TrimPrefix(strings.TrimPrefix(name, DirScheme), TarScheme))
	err := filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := entry.Info()
		if err == nil {
			fmt.Fprintln(&list, path, info.Size(), info.ModTime())
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return list.String()
}
