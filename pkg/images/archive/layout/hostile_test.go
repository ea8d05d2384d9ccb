package layout_test

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	v1 "github.com/google/go-containerregistry/pkg/v1"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/bounded"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/archive/layout"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/registry/servertest"
)

const layoutText = `{"imageLayoutVersion":"1.0.0"}`

func put(t *testing.T, path, text string) {
	t.Helper()
	if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o755), os.WriteFile(path, []byte(text), 0o600)); err != nil {
		t.Fatal(err)
	}
}

func link(t *testing.T, target, path string) {
	t.Helper()
	if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o755), os.Symlink(target, path)); err != nil {
		t.Fatal(err)
	}
}

func content(t *testing.T, path string) string {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

func digestOf(t testing.TB, text string) v1.Hash {
	t.Helper()
	digest, _, err := v1.SHA256(strings.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	return digest
}

// fill writes one blob into an archive, lists it, and completes the archive.
func fill(t *testing.T, name, text string) error {
	t.Helper()
	a, err := layout.Create(name)
	if err != nil {
		return err
	}
	digest := digestOf(t, text)
	err = a.Write(digest, int64(len(text)), strings.NewReader(text))
	if err == nil {
		err = a.Tag("quay.io/a/b:v1", v1.Descriptor{Digest: digest, Size: int64(len(text))})
	}
	if err != nil {
		return errors.Join(err, a.Close())
	}
	return a.Finish()
}

func get(t *testing.T, name, text string) error {
	t.Helper()
	a, err := layout.Open(t.Context(), name)
	if err != nil {
		return err
	}
	defer a.Close()
	blob, err := a.Blob(digestOf(t, text))
	if err != nil {
		return err
	}
	defer blob.Close()
	data, err := io.ReadAll(blob)
	if err == nil && string(data) != text {
		t.Errorf("got %q", data)
	}
	return err
}

// TestWritingFollowsNoLinks creates links in the directory of an archive, and checks that
// their targets do not change.
func TestWritingFollowsNoLinks(t *testing.T) {
	const text = "content of a blob"
	hex := digestOf(t, text).Hex
	for name, tt := range map[string]struct {
		archive string                                 // in a directory that others can write to
		plant   func(t *testing.T, dir, victim string) // victim is a file outside of the directory
		want    string                                 // the error; "": none
	}{
		"a blob":            {"oci:.", func(t *testing.T, dir, victim string) { link(t, victim, dir+"/blobs/sha256/"+hex+".partial") }, ""},
		"the blob itself":   {"oci:.", func(t *testing.T, dir, victim string) { link(t, victim, dir+"/blobs/sha256/"+hex) }, ""},
		"the index":         {"oci:.", func(t *testing.T, dir, victim string) { link(t, victim, dir+"/index.json.partial") }, ""},
		"the layout":        {"oci:.", func(t *testing.T, dir, victim string) { link(t, victim, dir+"/oci-layout.partial") }, ""},
		"the blobs":         {"oci:.", func(t *testing.T, dir, victim string) { link(t, filepath.Dir(victim), dir+"/blobs") }, "escapes"},
		"a tar file":        {"oci-archive:a.tar", func(t *testing.T, dir, victim string) { link(t, victim, dir+"/a.tar.partial") }, "not a regular file"},
		"a link to nothing": {"oci-archive:a.tar", func(t *testing.T, dir, victim string) { link(t, victim+".new", dir+"/a.tar.partial") }, "not a regular file"},
		"a complete file":   {"oci-archive:a.tar", func(t *testing.T, dir, victim string) { link(t, victim, dir+"/a.tar") }, "not a regular file"},
		"another name": {"oci-archive:a.tar", func(t *testing.T, dir, victim string) {
			if err := os.Link(victim, dir+"/a.tar.partial"); err != nil {
				t.Skip(err)
			}
		}, "another hard link"},
		"no archive": {"oci-archive:a.tar", func(t *testing.T, dir, _ string) { put(t, dir+"/a.tar.partial", "half of something else") }, "not an OCI archive"},
	} {
		t.Run(name, func(t *testing.T) {
			shared := t.TempDir()
			victim := filepath.Join(t.TempDir(), "victim")
			if err := fill(t, "oci-archive:"+victim, "precious"); err != nil { // so that the file is an archive that could be continued
				t.Fatal(err)
			}
			before := content(t, victim)
			tt.plant(t, shared, victim)
			scheme, file, _ := strings.Cut(tt.archive, ":")
			archive := scheme + ":" + filepath.Join(shared, file)
			err := fill(t, archive, text)
			if (err == nil) != (tt.want == "") || (err != nil && !strings.Contains(err.Error(), tt.want)) {
				t.Errorf("got %v, want %q", err, tt.want)
			}
			if err == nil {
				err = get(t, archive, text)
			}
			if tt.want == "" && err != nil {
				t.Error(err)
			}
			if content(t, victim) != before {
				t.Error("another file was written")
			}
			if list, err := os.ReadDir(filepath.Dir(victim)); len(list) != 1 || err != nil {
				t.Errorf("there is %v now, %v", list, err)
			}
		})
	}
}

// TestReadingFollowsNoLinks checks that no link leads a reader out of the directory of an
// archive.
func TestReadingFollowsNoLinks(t *testing.T) {
	const text = "content of a blob"
	hex := digestOf(t, text).Hex
	index := fmt.Sprintf(`{"manifests":[{"digest":"sha256:%s","size":%d}]}`, hex, len(text))
	for name, tt := range map[string]struct {
		plant func(t *testing.T, dir, elsewhere string)
		want  string // the error; "": none
	}{
		"a link inside": {func(t *testing.T, dir, _ string) {
			put(t, dir+"/shared/blob", text)
			put(t, dir+"/index.json", index)
			link(t, "../../shared/blob", dir+"/blobs/sha256/"+hex)
		}, ""},
		"the index": {func(t *testing.T, dir, elsewhere string) {
			put(t, elsewhere+"/index.json", index)
			link(t, elsewhere+"/index.json", dir+"/index.json")
		}, "escapes"},
		"a blob": {func(t *testing.T, dir, elsewhere string) {
			put(t, dir+"/index.json", index)
			put(t, elsewhere+"/blob", text)
			link(t, elsewhere+"/blob", dir+"/blobs/sha256/"+hex)
		}, "escapes"},
		"the blobs": {func(t *testing.T, dir, elsewhere string) {
			put(t, dir+"/index.json", index)
			put(t, elsewhere+"/sha256/"+hex, text)
			link(t, elsewhere, dir+"/blobs")
		}, "escapes"},
		"a directory": {func(t *testing.T, dir, _ string) {
			put(t, dir+"/index.json", index)
			put(t, dir+"/blobs/sha256/"+hex+"/x", text)
		}, "not a regular file"},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			put(t, dir+"/oci-layout", layoutText)
			tt.plant(t, dir, t.TempDir())
			err := get(t, "oci:"+dir, text)
			if (err == nil) != (tt.want == "") || (err != nil && !strings.Contains(err.Error(), tt.want)) {
				t.Errorf("got %v, want %q", err, tt.want)
			}
		})
	}
}

func TestAnIndexIsBounded(t *testing.T) {
	const digest = `"digest":"sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"`
	large := strings.Repeat(" ", 33<<20)
	for want, index := range map[string]string{
		"larger than 32 MiB":         `{"manifests":[]}` + large,
		"is not a digest":            `{"manifests":[` + strings.Repeat(`{},`, 1<<20) + `{}]}`,
		"cannot parse hash":          `{"manifests":[{"digest":""}]}`,
		"a size of -1 bytes":         `{"manifests":[{` + digest + `,"size":-1}]}`,
		"more than 100000 elements":  `{"manifests":[` + strings.Repeat(`{`+digest+`},`, 100_000) + `{}]}`,
		"expected a JSON array":      `{"manifests":{}}`,
		"unexpected end of JSON inp": ``,
	} {
		dir := filepath.Join(t.TempDir(), "layout")
		put(t, dir+"/oci-layout", layoutText)
		put(t, dir+"/index.json", index)
		packed := filepath.Join(t.TempDir(), "layout.tar")
		if err := os.WriteFile(packed, servertest.Archive(t, servertest.File("oci-layout", layoutText), servertest.File("index.json", index)), 0o600); err != nil {
			t.Fatal(err)
		}
		for _, name := range []string{"oci:" + dir, packed} {
			if _, err := layout.Open(t.Context(), name); err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), "index") {
				t.Errorf("%s: got %.200v, want %q", name, err, want)
			}
		}
	}
}

func TestWhatIsNoDigestIsNotThere(t *testing.T) {
	for _, form := range []string{"oci:layout", "oci-archive:layout.tar"} {
		scheme, file, _ := strings.Cut(form, ":")
		a, err := layout.Create(scheme + ":" + filepath.Join(t.TempDir(), file))
		if err != nil {
			t.Fatal(err)
		}
		defer a.Close()
		for _, digest := range []v1.Hash{{}, {Algorithm: "sha256"}, {Algorithm: "sha256", Hex: "../../oci-layout"}, {Algorithm: "..", Hex: "oci-layout"}} {
			if a.Has(digest) || a.Holds(v1.Descriptor{Digest: digest, Size: 30}) {
				t.Errorf("%s has %q", form, digest)
			}
			if _, err := a.Blob(digest); err == nil || !strings.Contains(err.Error(), "is not a digest") {
				t.Errorf("%s: %q was opened, %v", form, digest, err)
			}
			if err := a.Write(digest, 1, strings.NewReader("x")); err == nil || !strings.Contains(err.Error(), "is not a digest") {
				t.Errorf("%s: %q was written, %v", form, digest, err)
			}
		}
		if err := a.Write(digestOf(t, "x"), -1, strings.NewReader("")); err == nil {
			t.Errorf("%s: a size below zero was written", form)
		}
	}
}

// TestABlobOfAnotherSizeIsWrittenAgain checks that an incomplete blob of another tool is
// written again.
func TestABlobOfAnotherSizeIsWrittenAgain(t *testing.T) {
	dir := t.TempDir()
	const text = "content of a blob"
	digest := digestOf(t, text)
	put(t, dir+"/blobs/sha256/"+digest.Hex, "content")
	a, err := layout.Create("oci:" + dir)
	if err != nil {
		t.Fatal(err)
	}
	defer a.Close()
	desc := v1.Descriptor{Digest: digest, Size: int64(len(text))}
	if a.Holds(desc) {
		t.Error("half a blob is there")
	}
	if err := a.Write(digest, desc.Size, strings.NewReader(text)); err != nil || !a.Holds(desc) {
		t.Error(err)
	}
}

// TestUnpackingIsBounded decompresses zeros, which gzip compresses a thousand times.
func TestUnpackingIsBounded(t *testing.T) {
	temporary := t.TempDir()
	t.Setenv("TMPDIR", temporary)
	packed := filepath.Join(t.TempDir(), "a.tar.gz")
	f, err := os.Create(packed)
	if err != nil {
		t.Fatal(err)
	}
	w := gzip.NewWriter(f)
	_, err = io.CopyN(w, zeros{}, 100<<20)
	if err := errors.Join(err, w.Close(), f.Close()); err != nil {
		t.Fatal(err)
	}
	_, err = layout.Open(t.Context(), packed)
	var exceeded *bounded.ExceededError
	if !errors.As(err, &exceeded) || exceeded.Limit != 64<<20 || !strings.Contains(err.Error(), "gzip -d") {
		t.Errorf("got %v", err)
	}
	if left, err := os.ReadDir(temporary); len(left) > 0 || err != nil {
		t.Errorf("left behind: %v, %v", left, err)
	}
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) { clear(p); return len(p), nil }

// TestHostileMembers checks that headers of tar members are not trusted.
func TestHostileMembers(t *testing.T) {
	blob := "blobs/sha256/" + digestOf(t, "x").Hex
	var huge, long bytes.Buffer
	for b, header := range map[*bytes.Buffer]*tar.Header{
		&huge: {Name: blob, Size: 1<<63 - 1, Format: tar.FormatPAX},
		&long: {Name: blob + "/" + strings.Repeat("x/", 40_000), Format: tar.FormatPAX},
	} {
		if err := tar.NewWriter(b).WriteHeader(header); err != nil {
			t.Fatal(err)
		}
	}
	end := servertest.Archive(t)
	for name, tt := range map[string]struct {
		data         []byte
		open, create string // the errors; "": none
	}{
		"a huge size":   {huge.Bytes(), "truncated or damaged", "not an OCI archive"},
		"a long name":   {append(long.Bytes(), end...), "a name of 80078 bytes", "a name of 80078 bytes"},
		"a sparse file": {append(servertest.Sparse(t, blob, 1<<40), end...), "sparse", "sparse"},
		"names that climb": {
			servertest.Archive(t, servertest.File("../"+blob, "x"), servertest.File("blobs/sha256/../../"+blob, "x"), servertest.File("/"+blob, "x")),
			"neither index.json", "",
		},
	} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "a.tar")
			for suffix, want := range map[string]string{"": tt.open, ".partial": tt.create} {
				put(t, path+suffix, string(tt.data))
				var err error
				if suffix == "" {
					_, err = layout.Open(t.Context(), path)
				} else {
					err = fill(t, "oci-archive:"+path, "content")
				}
				if (err == nil) != (want == "") || (err != nil && !strings.Contains(err.Error(), want)) {
					t.Errorf("%q: got %.300v, want %q", suffix, err, want)
				}
			}
		})
	}
}
