package oci_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/types"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/failure"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/oci"
)

// library has manifests by digest.
type library map[string]oci.Manifest

// add adds a manifest to the library and returns its descriptor.
func (l library) add(t testing.TB, format string, args ...any) v1.Descriptor {
	t.Helper()
	m, err := oci.New(fmt.Appendf(nil, format, args...), "", "")
	if err != nil {
		t.Fatal(err)
	}
	l[m.Digest] = m
	digest, err := v1.NewHash(m.Digest)
	if err != nil {
		t.Fatal(err)
	}
	return v1.Descriptor{MediaType: m.MediaType, Digest: digest, Size: int64(len(m.Raw))}
}

// image adds an image with one layer, whose digest is derived from a number.
func (l library) image(t testing.TB, n int) v1.Descriptor {
	return l.add(t, `{"mediaType":%q,"layers":[{"mediaType":%q,"digest":"sha256:%064x","size":%d}]}`, types.OCIManifestSchema1, types.OCILayer, n, n)
}

// index adds an index of manifests. Each name gives a different index.
func (l library) index(t testing.TB, name string, children ...v1.Descriptor) v1.Descriptor {
	var list []string
	for _, c := range children {
		list = append(list, fmt.Sprintf(`{"mediaType":%q,"digest":%q,"size":%d}`, c.MediaType, c.Digest, c.Size))
	}
	return l.add(t, `{"mediaType":%q,"annotations":{"name":%q},"manifests":[%s]}`, types.OCIImageIndex, name, strings.Join(list, ","))
}

// expand expands a tree of the library, and counts the reads.
func (l library) expand(t testing.TB, root v1.Descriptor) (tree *oci.Node, reads int64, err error) {
	t.Helper()
	var count atomic.Int64
	tree, err = oci.Expand(t.Context(), l[root.Digest.String()], func(_ context.Context, digest string) (oci.Manifest, error) {
		count.Add(1)
		return l[digest], nil
	})
	return tree, count.Load(), err
}

// TestExpandReadsEachManifestOnce has indexes that list all indexes of the next level:
// there are 6 to the power of 7 paths to the image.
func TestExpandReadsEachManifestOnce(t *testing.T) {
	l := library{}
	level := []v1.Descriptor{l.image(t, 1), l.image(t, 2)}
	for depth := range oci.Deepest - 2 {
		var above []v1.Descriptor
		for i := range 6 {
			above = append(above, l.index(t, fmt.Sprintf("%d-%d", depth, i), level...))
		}
		level = above
	}
	tree, reads, err := l.expand(t, l.index(t, "root", level...))
	if err != nil {
		t.Fatal(err)
	}
	if want := int64(len(l)) - 1; reads != want {
		t.Errorf("%d manifests were read %d times", want, reads)
	}
	if blobs := tree.AllBlobs(); len(blobs) != 2 || blobs[0].Size != 2 {
		t.Errorf("got the blobs %v", blobs)
	}
	if tree.Children[0].Children[0] != tree.Children[1].Children[0] {
		t.Error("one manifest is two nodes")
	}
}

func TestExpandIsBounded(t *testing.T) {
	l := library{}
	deep := l.image(t, 1)
	for i := range oci.Deepest {
		deep = l.index(t, fmt.Sprint(i), deep)
	}
	var many, large []v1.Descriptor
	for i := range 1000 {
		many = append(many, l.image(t, i))
	}
	for i := range 5 {
		large = append(large, l.add(t, `{"mediaType":%q,"n":%d,"text":%q}`, types.OCIManifestSchema1, i, strings.Repeat("x", oci.Limit-200)))
	}
	for name, tt := range map[string]struct {
		root v1.Descriptor
		want string // the error; "": none
	}{
		"deepest":       {l.index(t, "", deep), "indexes are nested deeper than 8"},
		"many":          {l.index(t, "", many...), "more than 1000 manifests"},
		"many below":    {l.index(t, "", l.index(t, "a", many[:500]...), l.index(t, "b", many[500:998]...)), "more than 1000 manifests"},
		"not too many":  {l.index(t, "", many[:999]...), ""},
		"large":         {l.index(t, "", large...), "the manifests of the image are larger than 16 MiB"},
		"not too large": {l.index(t, "", large[:3]...), ""},
	} {
		t.Run(name, func(t *testing.T) {
			_, _, err := l.expand(t, tt.root)
			var refused *failure.RejectedError
			if tt.want == "" && err == nil {
				return
			}
			if !errors.As(err, &refused) || !strings.Contains(err.Error(), tt.want) || tt.want == "" {
				t.Errorf("got %v, want %q", err, tt.want)
			}
		})
	}
}

func TestReferencesMustLeadToSomething(t *testing.T) {
	digest := strings.Repeat("a", 64)
	for text, want := range map[string]string{ // the error; "": none
		`{"layers":[{"digest":"sha256:` + digest + `","size":1}]}`:  "",
		`{"layers":[{"size":1}]}`:                                   "an entry has no digest",
		`{"layers":[null]}`:                                         "an entry has no digest",
		`{"layers":[{"digest":"","size":1}]}`:                       "cannot parse hash",
		`{"layers":[{"digest":"md5:` + digest[:32] + `"}]}`:         "unsupported hash",
		`{"layers":[{"digest":"sha256:` + digest[:60] + `"}]}`:      "wrong number of hex digits",
		`{"layers":[{"digest":"sha256:` + digest + `","size":-1}]}`: "the size of sha256:" + digest + " is -1",
		`{"manifests":[{}]}`:                                        "an entry has no digest",
		`{"config":{}}`:                                             "an entry has no digest",
		`{"subject":{}}`:                                            "an entry has no digest",
		`{"layers":[` + strings.Repeat(`{"digest":"sha256:`+digest+`"},`, 10_000) + `{}]}`: "more than 10000 elements",
		`{"layers":{}}`: "expected a JSON array",
		`no JSON`:       "invalid character",
	} {
		m := oci.Manifest{Raw: []byte(text), MediaType: types.OCIManifestSchema1}
		_, err := m.References()
		if (err == nil) != (want == "") || (err != nil && !strings.Contains(err.Error(), want)) {
			t.Errorf("%.80s: got %v, want %q", text, err, want)
		}
		if err == nil {
			continue
		}
		var refused *failure.RejectedError
		if !errors.As(err, &refused) || m.Subject() != "" || m.Entries() != nil {
			t.Errorf("%.80s: %T, subject %q, entries %v", text, err, m.Subject(), m.Entries())
		}
	}
}

func TestRead(t *testing.T) {
	for size, want := range map[int]string{oci.Limit: "", oci.Limit + 1: "the manifest is larger than 4 MiB"} {
		raw, err := oci.Read(strings.NewReader(strings.Repeat("x", size)))
		var refused *failure.RejectedError
		if want == "" && (err != nil || len(raw) != size) || want != "" && (!errors.As(err, &refused) || err.Error() != want) {
			t.Errorf("%d bytes: got %d, %v", size, len(raw), err)
		}
	}
}

// FuzzManifest checks that any manifest is refused, or that all its descriptors are valid.
func FuzzManifest(f *testing.F) {
	l := library{}
	img := l.image(f, 1)
	index := l.index(f, "a", img, l.index(f, "b", img))
	for _, m := range l {
		f.Add(m.Raw, string(m.MediaType))
	}
	f.Add([]byte(`{"manifests":[{},null],"layers":[{"digest":"sha256:0"}],"config":{},"subject":null}`), "")
	f.Add([]byte(`{"schemaVersion":1}`), string(types.DockerManifestSchema1))
	f.Add([]byte(`{"manifests":[{"platform":{"os":"linux","architecture":"arm64"}}]}`), string(types.DockerManifestList))
	f.Fuzz(func(t *testing.T, raw []byte, mediaType string) {
		m, err := oci.New(raw, mediaType, "")
		if err != nil {
			return
		}
		_, _ = m.Only([]v1.Platform{{OS: "linux", Architecture: "amd64"}})
		_ = m.Subject()
		tree, err := oci.Expand(t.Context(), m, func(_ context.Context, digest string) (oci.Manifest, error) {
			return l[index.Digest.String()], nil
		})
		if err != nil {
			return
		}
		for _, blob := range tree.AllBlobs() {
			if blob.Digest.Hex == "" || blob.Size < 0 {
				t.Errorf("%v leads to nothing", blob)
			}
		}
	})
}
