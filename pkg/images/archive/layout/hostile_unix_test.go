//go:build unix

package layout_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// TestPipesAreNotOpened checks that pipes are not opened, because opening waits for a
// writer.
func TestPipesAreNotOpened(t *testing.T) {
	const text = "content of a blob"
	blob := "blobs/sha256/" + digestOf(t, text).Hex
	for _, name := range []string{"index.json", blob, "a.tar", "a.tar.partial"} {
		dir := t.TempDir()
		put(t, filepath.Join(dir, "oci-layout"), layoutText)
		put(t, filepath.Join(dir, "index.json"), `{"manifests":[]}`)
		pipe := filepath.Join(dir, name)
		_ = os.Remove(pipe)
		if err := errors.Join(os.MkdirAll(filepath.Dir(pipe), 0o755), syscall.Mkfifo(pipe, 0o600)); err != nil {
			t.Skip(err)
		}
		var err error
		switch name {
		case "a.tar.partial":
			err = fill(t, "oci-archive:"+filepath.Join(dir, "a.tar"), text)
		case "a.tar":
			err = get(t, pipe, text)
		default:
			err = get(t, "oci:"+dir, text)
		}
		if err == nil || !strings.Contains(err.Error(), "not a regular file") {
			t.Errorf("%s: got %v", name, err)
		}
	}
}
