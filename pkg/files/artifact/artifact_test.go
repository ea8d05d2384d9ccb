package artifact_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	v1 "github.com/google/go-containerregistry/pkg/v1"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/files"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/files/artifact"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/files/mirror"
)

// shelf is a store in memory.
type shelf struct {
	blobs   map[v1.Hash][]byte
	entries []v1.Descriptor
	names   []string
}

func (s *shelf) Has(digest v1.Hash) bool { return s.blobs[digest] != nil }

func (s *shelf) Write(digest v1.Hash, size int64, content io.Reader) error {
	data, err := io.ReadAll(content)
	if err == nil && int64(len(data)) != size {
		err = io.ErrUnexpectedEOF
	}
	s.blobs[digest] = data
	return err
}

func (s *shelf) Tag(name string, desc v1.Descriptor) error {
	s.entries, s.names = append(s.entries, desc), append(s.names, name)
	return nil
}

func (s *shelf) Entries() []v1.Descriptor { return s.entries }

func (s *shelf) Blob(digest v1.Hash) (io.ReadSeekCloser, error) {
	return struct {
		io.ReadSeeker
		io.Closer
	}{bytes.NewReader(s.blobs[digest]), io.NopCloser(nil)}, nil
}

// packed has some files in a store.
func packed(t *testing.T, contents map[string]string) *shelf {
	t.Helper()
	s := &shelf{blobs: map[v1.Hash][]byte{}}
	for kept, content := range contents {
		item := files.Item{URL: "https://" + kept, Path: kept}
		img, err := artifact.Pack(s, item, func() (io.ReadCloser, error) { return io.NopCloser(strings.NewReader(content)), nil })
		if err != nil {
			t.Fatal(err)
		}
		digest, err := v1.NewHash(img.Digest)
		if err != nil || s.blobs[digest] == nil {
			t.Errorf("%s is %s", kept, img.Digest)
		}
	}
	return s
}

// TestRoundTrip packs files, and takes them out with their checksums.
func TestRoundTrip(t *testing.T) {
	const sum = "ed7002b439e9ac845f22357d822bac1444730fbdb6016d3ec9432297b9ec9f73" // of "content"
	s := packed(t, map[string]string{"dl.k8s.io/v1.35.7/kubelet": "content", "dl.k8s.io/v1.35.7/kubelet.sha256": sum, "example.com/A_b++c": "content"})
	opened, err := artifact.Open(s)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	results, err := mirror.Copy(t.Context(), dir, opened.Items(), mirror.Options{Open: opened.Content})
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, r := range results {
		got = append(got, fmt.Sprintf("%s %s %v %s", r.Outcome, r.Path, r.Checked, r.Error))
	}
	if diff := cmp.Diff([]string{"copied dl.k8s.io/v1.35.7/kubelet true ", "copied example.com/A_b++c false "}, got); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

// TestRef makes a repository of each path, and keeps paths apart.
func TestRef(t *testing.T) {
	seen := map[string]string{}
	for _, kept := range []string{"dl.k8s.io/v1/kubelet", "example.com/a+b", "example.com/a-b", "example.com/A-b", "example.com/..a--b..", "example.com/--", "example.com_8080/x"} {
		ref, err := artifact.Ref(kept)
		if err != nil {
			t.Errorf("%s: %v", kept, err)
		}
		if other, known := seen[ref.String()]; known {
			t.Errorf("%s and %s are both %s", kept, other, ref)
		}
		seen[ref.String()] = kept
	}
}

// TestHostile refuses artifacts that lead out of the directory, or that were changed.
func TestHostile(t *testing.T) {
	changed := packed(t, map[string]string{"example.com/a": "content"})
	for digest, blob := range changed.blobs {
		if string(blob) == "content" {
			changed.blobs[digest] = []byte("Content")
		}
	}
	opened, err := artifact.Open(changed)
	if err != nil {
		t.Fatal(err)
	}
	content, err := opened.Content(context.Background(), "example.com/a")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.ReadAll(content); err == nil || !strings.Contains(err.Error(), "the content of sha256:") {
		t.Errorf("a changed file: %v", err)
	}
	if _, err := opened.Content(context.Background(), "example.com/b"); err == nil {
		t.Error("a file that is not there")
	}
	for _, edit := range [][2]string{{`"example.com/a"`, `"../../etc/passwd"`}, {`"example.com/a"`, `"example.com/b"`}, {`https://example.com/a`, `file:///etc/passwd`}} {
		s := packed(t, map[string]string{"example.com/a": "content"})
		raw := bytes.ReplaceAll(s.blobs[s.entries[0].Digest], []byte(edit[0]), []byte(edit[1]))
		digest, size, err := v1.SHA256(bytes.NewReader(raw))
		if err != nil {
			t.Fatal(err)
		}
		s.blobs[digest], s.entries[0].Digest, s.entries[0].Size = raw, digest, size
		if _, err := artifact.Open(s); err == nil {
			t.Errorf("%s is taken", edit[1])
		}
	}
}
