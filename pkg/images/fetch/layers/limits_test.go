package layers_test

import (
	"archive/tar"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/failure"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/fetch/layers"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/registry/servertest"
)

// endless is a layer that is generated while it is read. Its entries come from next, and
// never end.
type endless struct {
	next func(n int) *tar.Header
	n    int
	rest io.Reader
	read int64 // bytes

	last    *tar.Header
	written []byte // the last header
}

func (e *endless) Read(p []byte) (int, error) {
	for {
		if e.rest != nil {
			n, err := e.rest.Read(p)
			if n > 0 || !errors.Is(err, io.EOF) {
				e.read += int64(n)
				return n, err
			}
		}
		header := e.next(e.n)
		if header != e.last {
			var b bytes.Buffer
			if err := tar.NewWriter(&b).WriteHeader(header); err != nil {
				return 0, err
			}
			e.last, e.written = header, b.Bytes()
		}
		e.n++
		e.rest = io.MultiReader(bytes.NewReader(e.written), io.LimitReader(zeroes{}, (header.Size+511)/512*512))
	}
}

func everything() *layers.Tree { return layers.NewTree("addons", func(string) bool { return true }) }

// TestWhatIsKeptIsBounded checks that names and files are counted while a layer is read.
func TestWhatIsKeptIsBounded(t *testing.T) {
	long := strings.Repeat("long/", 20) + strings.Repeat("x", 3000)
	whiteout, elsewhere := &tar.Header{Name: "addons/.wh.x"}, &tar.Header{Name: "etc/x"}
	for name, tt := range map[string]struct {
		next func(n int) *tar.Header
		most int64 // bytes that are read before the refusal
		want string
	}{
		"files": {func(n int) *tar.Header {
			return &tar.Header{Name: fmt.Sprintf("addons/a/%d.yaml", n), Size: 4 << 20}
		}, 129 << 20, "more than 128 MiB in /addons"},
		"names": {func(n int) *tar.Header {
			return &tar.Header{Name: fmt.Sprintf("addons/%d/%s", n, long), Format: tar.FormatPAX}
		}, 129 << 20, "more than 128 MiB in /addons"},
		"whiteouts": {func(int) *tar.Header {
			return whiteout
		}, 129 << 20, "more than 128 MiB in /addons"},
		"entries elsewhere": {func(int) *tar.Header {
			return elsewhere
		}, 260 << 20, "more than 500000 entries"},
		"content elsewhere": {func(int) *tar.Header {
			return &tar.Header{Name: "etc/zeros", Size: 1 << 30}
		}, 4<<30 + 1<<20, "more than 4 GiB in its layers"},
	} {
		t.Run(name, func(t *testing.T) {
			layer := &endless{next: tt.next}
			tree := everything()
			err := tree.AddPacked(t.Context(), layer)
			var refused *failure.RejectedError
			if !errors.As(err, &refused) || !strings.Contains(err.Error(), tt.want) || layer.read > tt.most {
				t.Errorf("read %d bytes: %v, want %q", layer.read, err, tt.want)
			}
			if files, errs := tree.Resolve(); len(files)+len(errs) > 0 {
				t.Errorf("%d files are left of a layer that was refused", len(files)+len(errs))
			}
		})
	}
}

// TestWhatIsReplacedIsNotCounted checks that a file that replaces another is counted
// instead of it, in the same layer and in the next.
func TestWhatIsReplacedIsNotCounted(t *testing.T) {
	tree := everything()
	same := servertest.File("addons/a/same.yaml", strings.Repeat("x", 3<<20))
	for i := range 30 {
		layer := servertest.Archive(t, same, same, same, servertest.File(fmt.Sprintf("addons/%d/x.yaml", i), strings.Repeat("x", 3<<20)), servertest.File("addons/.wh."+fmt.Sprint(i-1), ""))
		if err := tree.AddPacked(t.Context(), bytes.NewReader(layer)); err != nil {
			t.Fatal(i, err)
		}
	}
	if files, _ := tree.Resolve(); len(files) != 2 {
		t.Errorf("%d files", len(files))
	}
}

// TestNamesAreBounded checks deeply nested names, which took quadratic time, in the same
// layer and in the next.
func TestNamesAreBounded(t *testing.T) {
	deep := strings.Repeat("a/", 400_000)
	for _, tt := range []struct {
		header tar.Header
		want   string // the error; "": none
	}{
		{tar.Header{Name: "addons/" + strings.Repeat("a/", 100) + "x.yaml"}, "more than 64 directories"},
		{tar.Header{Name: "addons/" + deep + "x.yaml"}, "has a name of 800013 bytes"},
		{tar.Header{Name: "addons/" + deep + ".wh.x.yaml"}, "has a name of 800017 bytes"},
		{tar.Header{Name: "addons/x.yaml", Linkname: strings.Repeat("x", 5000), Typeflag: tar.TypeSymlink}, "has a name of 5000 bytes"},
		{tar.Header{Name: "../../addons/" + strings.Repeat("../addons/", 70) + "x.yaml"}, "more than 64 directories"},
		{tar.Header{Name: "etc/" + deep + "x.yaml"}, ""},
		{tar.Header{Name: "addons/" + strings.Repeat("a/", 50) + "x.yaml"}, ""},
	} {
		var layer bytes.Buffer
		w := tar.NewWriter(&layer)
		tt.header.Format = tar.FormatPAX
		if err := errors.Join(w.WriteHeader(&tt.header), w.Close()); err != nil {
			t.Fatal(err)
		}
		tree := everything()
		start := time.Now()
		for range 2 {
			err := tree.AddPacked(t.Context(), bytes.NewReader(layer.Bytes()))
			if (err == nil) != (tt.want == "") || (err != nil && !strings.Contains(err.Error(), tt.want)) {
				t.Errorf("%.30s: got %.200v, want %q", tt.header.Name, err, tt.want)
			}
		}
		if took := time.Since(start); took > 5*time.Second {
			t.Errorf("%.30s: it took %s", tt.header.Name, took)
		}
	}
}

func TestSparseFilesAreRefused(t *testing.T) {
	for name, want := range map[string]string{"addons/x.yaml": "sparse", "etc/x": ""} {
		layer := append(servertest.Sparse(t, name, 1<<20), servertest.Archive(t)...)
		err := everything().AddPacked(t.Context(), bytes.NewReader(layer))
		if (err == nil) != (want == "") || (err != nil && !strings.Contains(err.Error(), want)) {
			t.Errorf("%s: got %v, want %q", name, err, want)
		}
	}
}

func TestReadingALayerIsInterrupted(t *testing.T) {
	cause := errors.New("interrupted")
	ctx, cancel := context.WithCancelCause(t.Context())
	layer := &endless{next: func(n int) *tar.Header {
		if n == 10 {
			cancel(cause)
		}
		return &tar.Header{Name: fmt.Sprint(n), Size: 1000}
	}}
	if err := everything().AddPacked(ctx, layer); !errors.Is(err, cause) || layer.n > 11 {
		t.Errorf("after %d entries: %v", layer.n, err)
	}
}

// TestManyLayersOverManyFiles checks that the time for a layer depends only on its own
// content.
func TestManyLayersOverManyFiles(t *testing.T) {
	tree := everything()
	var entries []servertest.Entry
	for i := range 10_000 {
		entries = append(entries, servertest.File(fmt.Sprintf("addons/%d/x.yaml", i), ""))
	}
	if err := tree.AddPacked(t.Context(), bytes.NewReader(servertest.Archive(t, entries...))); err != nil {
		t.Fatal(err)
	}
	start := time.Now()
	for i := range 10_000 {
		layer := servertest.Archive(t, servertest.File(fmt.Sprintf("addons/.wh.%d", i), ""))
		if err := tree.AddPacked(t.Context(), bytes.NewReader(layer)); err != nil {
			t.Fatal(err)
		}
	}
	if files, _ := tree.Resolve(); len(files) > 0 || time.Since(start) > 20*time.Second {
		t.Errorf("%d files are left after %s", len(files), time.Since(start))
	}
}
