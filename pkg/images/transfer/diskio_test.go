package transfer_test

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/archive/layout"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/registry/registrytest"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/transfer"
)

// movedBytes returns the bytes that this process has read and written since its start, in files
// and connections (proc(5), /proc/pid/io).
func movedBytes(t *testing.T) (read, written int64) {
	t.Helper()
	text, err := os.ReadFile("/proc/self/io")
	if err != nil {
		t.Skipf("the bytes are not counted here: %v", err)
	}
	if _, err := fmt.Sscanf(string(text), "rchar: %d\nwchar: %d", &read, &written); err != nil {
		t.Fatal(err)
	}
	return read, written
}

// TestBytesAreWrittenOnce checks that an archive is written with each byte once, and that no
// byte is read again to hash it, because a slow disk decides how long that takes. The
// registry is in the same process: it writes each byte to a connection, from which the copy
// reads.
func TestBytesAreWrittenOnce(t *testing.T) {
	for _, form := range []string{layout.DirScheme, layout.TarScheme} {
		from, to := newStrict(t, registrytest.Options{}), newStrict(t, registrytest.Options{})
		plan := fleet(t, registrytest.Fleet{Repositories: 250, Bases: 2, BaseSize: 200 << 10, OwnSize: 60 << 10, Seed: 9}, from, to)
		var size int64
		for _, check := range from.Digests() {
			size += from.Size(check)
		}
		into, err := layout.Create(form + filepath.Join(t.TempDir(), "kkp"))
		if err != nil {
			t.Fatal(err)
		}
		read, written := movedBytes(t)
		wantAll(t, open(t, login()).Copy(t.Context(), inArchive(plan), transfer.Options{Into: into}), images.Copied)
		if err := into.Finish(); err != nil {
			t.Fatal(err)
		}
		readAfter, writtenAfter := movedBytes(t)
		t.Logf("%s: %.2f written, %.2f read", form, float64(writtenAfter-written)/float64(size), float64(readAfter-read)/float64(size))
		if got := float64(writtenAfter-written) / float64(size); got > 2.2 {
			t.Errorf("%s: each byte was written %.2f times, once of these to the registry's connection", form, got)
		}
		if got := float64(readAfter-read) / float64(size); got > 1.2 {
			t.Errorf("%s: each byte was read %.2f times, once of these from the registry", form, got)
		}
	}
}
