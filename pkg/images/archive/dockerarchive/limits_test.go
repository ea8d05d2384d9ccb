package dockerarchive_test

import (
	"bytes"
	"fmt"
	"io"
	"strings"
	"testing"

	v1 "github.com/google/go-containerregistry/pkg/v1"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/archive/dockerarchive"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/registry/servertest"
)

// image returns an archive with a configuration of equal layers, and a manifest.json.
func image(t *testing.T, layers int, list string) []byte {
	t.Helper()
	digest, _, err := v1.SHA256(strings.NewReader("layer"))
	if err != nil {
		t.Fatal(err)
	}
	ids := strings.TrimSuffix(strings.Repeat(fmt.Sprintf("%q,", digest), layers), ",")
	return servertest.Archive(t, servertest.File("l", "layer"),
		servertest.File("c", `{"rootfs":{"diff_ids":[`+ids+`]}}`), servertest.File("manifest.json", list))
}

func entry(n, layers int) string {
	list := strings.TrimSuffix(strings.Repeat(`"l",`, layers), ",")
	return fmt.Sprintf(`{"Config":"c","RepoTags":["quay.io/a/b:%d"],"Layers":[%s]}`, n, list)
}

func TestWhatAnArchiveListsIsBounded(t *testing.T) {
	long := strings.Repeat("x", 4000)
	var members []servertest.Entry
	for i := range 8_500 {
		members = append(members, servertest.File(fmt.Sprintf("%s/%d", long, i), ""))
	}
	for name, tt := range map[string]struct {
		data []byte
		want string // the error; "": none
	}{
		"images":        {image(t, 0, "["+strings.Repeat("{},", 50_000)+"{}]"), "manifest.json is not valid: more than 50000 elements"},
		"no list":       {image(t, 0, `{}`), "manifest.json is not valid: expected a JSON array"},
		"a large list":  {image(t, 0, "[]"+strings.Repeat(" ", 16<<20)), "member manifest.json is larger than 16 MiB"},
		"many layers":   {image(t, 1001, "["+entry(1, 1001)+"]"), "an image has more than 1000 layers"},
		"enough layers": {image(t, 1000, "["+entry(1, 1000)+"]"), ""},
		"long names":    {servertest.Archive(t, members...), "the names of the members are larger than 32 MiB"},
		"a long name":   {servertest.Archive(t, servertest.File(long+long, "")), "has a name of 8000 bytes"},
		"a sparse file": {append(servertest.Sparse(t, "l", 1<<20), image(t, 1, "["+entry(1, 1)+"]")...), "sparse"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := dockerarchive.Read(t.Context(), bytes.NewReader(tt.data), int64(len(tt.data)))
			if (err == nil) != (tt.want == "") || (err != nil && !strings.Contains(err.Error(), tt.want)) {
				t.Errorf("got %.300v, want %q", err, tt.want)
			}
		})
	}
}

// TestManyNamesOfOneImage checks that shared content is read once and generated once.
func TestManyNamesOfOneImage(t *testing.T) {
	var list []string
	for i := range 200 {
		list = append(list, entry(i, 300))
	}
	data := &counted{ReaderAt: bytes.NewReader(image(t, 300, "["+strings.Join(list, ",")+"]"))}
	size := int64(data.ReaderAt.(*bytes.Reader).Len())
	a, err := dockerarchive.Read(t.Context(), data, size)
	if err != nil {
		t.Fatal(err)
	}
	if len(a.Images) != 200 || data.read > 2*size {
		t.Errorf("%d images of %d bytes: %d were read", len(a.Images), size, data.read)
	}
}

// TestWhatIsMadeIsBounded checks the limit for generated manifests, which are much larger
// than their entries in manifest.json.
func TestWhatIsMadeIsBounded(t *testing.T) {
	digest, _, err := v1.SHA256(strings.NewReader("layer"))
	if err != nil {
		t.Fatal(err)
	}
	ids := strings.TrimSuffix(strings.Repeat(fmt.Sprintf("%q,", digest), 1000), ",")
	members, list := []servertest.Entry{servertest.File("l", "layer")}, []string{}
	for i := range 250 {
		config := fmt.Sprintf(`{"n":%d,"rootfs":{"diff_ids":[%s]}}`, i, ids)
		members = append(members, servertest.File(fmt.Sprintf("c%d", i), config))
		list = append(list, strings.Replace(entry(i, 1000), `"c"`, fmt.Sprintf(`"c%d"`, i), 1))
	}
	members = append(members, servertest.File("manifest.json", "["+strings.Join(list, ",")+"]"))
	data := servertest.Archive(t, members...)
	_, err = dockerarchive.Read(t.Context(), bytes.NewReader(data), int64(len(data)))
	if err == nil || !strings.Contains(err.Error(), "the manifests of the images would be larger than 32 MiB") {
		t.Errorf("got %v", err)
	}
}

// counted counts the bytes that are read.
type counted struct {
	io.ReaderAt
	read int64
}

func (c *counted) ReadAt(p []byte, at int64) (int, error) {
	n, err := c.ReaderAt.ReadAt(p, at)
	c.read += int64(n)
	return n, err
}
