package memory_test

import (
	"errors"
	"io"
	"io/fs"
	"slices"
	"strings"
	"testing"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/files/trace/memory"
)

// TestFiles writes, links and removes files.
func TestFiles(t *testing.T) {
	f := memory.New()
	if err := f.Write("/etc/a", "1"); err != nil {
		t.Fatal(err)
	}
	w, err := f.Writer("/etc/a", true)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.WriteString(w, "2"); err != nil {
		t.Fatal(err)
	}
	f.Link("/etc/b", "a")
	f.Link("/loop", "/loop")
	if got, ok := f.Read("/etc/b"); got != "12" || !ok {
		t.Errorf("%q, %v", got, ok)
	}
	if _, ok := f.Read("/loop"); ok {
		t.Error("a link to itself is a file")
	}
	if !f.IsDir("/etc") || f.IsDir("/usr") {
		t.Error("directories")
	}
	if _, err := f.Stat("/nothing"); !errors.Is(err, fs.ErrNotExist) {
		t.Error(err)
	}
	f.Remove("/etc/a")
	if names := f.Names(); len(names) > 0 {
		t.Errorf("%v", names)
	}
	if got := []string{memory.Path("/a/b", "../../../c"), memory.Path("/a", "/b/"), memory.Path("/a", "b")}; !slices.Equal(got, []string{"/c", "/b", "/a/b"}) {
		t.Errorf("%v", got)
	}
}

// TestFull bounds what files take.
func TestFull(t *testing.T) {
	f := memory.New()
	var full *memory.FullError
	if err := f.Write("/a", strings.Repeat("x", 17<<20)); !errors.As(err, &full) {
		t.Error(err)
	}
	var err error
	for i := 0; i < 10_000 && err == nil; i++ {
		err = f.Write("/dir/"+strings.Repeat("x", i%4000+1), "x")
	}
	if !errors.As(err, &full) && len(f.Names()) > 4_000 {
		t.Error(err)
	}
	if err := f.Write("/"+strings.Repeat("x", 5_000), "x"); !errors.As(err, &full) {
		t.Error(err)
	}
}
