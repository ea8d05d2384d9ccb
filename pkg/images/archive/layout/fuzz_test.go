package layout_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"testing"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/archive/layout"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/registry/servertest"
)

// FuzzOpen checks that any file is refused, or that all listed content can be looked up,
// and that only archives are overwritten.
func FuzzOpen(f *testing.F) {
	blob := "blobs/sha256/" + digestOf(f, "x").Hex
	index := fmt.Sprintf(`{"manifests":[{"digest":%q,"size":1,"annotations":{"org.opencontainers.image.ref.name":"a:v1"}}]}`, digestOf(f, "x"))
	whole := servertest.Archive(f, servertest.File("oci-layout", layoutText), servertest.File(blob, "x"), servertest.File("index.json", index))
	f.Add(whole)
	f.Add(servertest.Gzipped(f, whole))
	f.Add(whole[:len(whole)-1500])
	f.Add(servertest.Archive(f, servertest.File(blob, "→../../index.json"), servertest.File("index.json", `{"manifests":[{}]}`)))
	f.Add(append(servertest.Sparse(f, blob, 1<<20), whole...))
	f.Add(servertest.Archive(f, servertest.File("manifest.json", `[{"Config":"c","RepoTags":["a"],"Layers":["c"]}]`), servertest.File("c", `{"rootfs":{"diff_ids":[]}}`)))
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, data []byte) {
		dir := t.TempDir()
		path := filepath.Join(dir, "a.tar")
		put(t, path, string(data))
		if a, err := layout.Open(context.Background(), path); err == nil {
			for _, desc := range a.Entries() {
				if blob, err := a.Blob(desc.Digest); err == nil {
					_, _ = io.Copy(io.Discard, blob)
					_ = blob.Close()
				}
				if desc.Digest.Hex == "" || desc.Size < 0 {
					t.Errorf("%v leads to nothing", desc)
				}
			}
			_ = a.Close()
		}
		if err := fill(t, "oci-archive:"+path, "content"); err != nil {
			if left, readErr := os.ReadFile(path); readErr == nil && !bytes.Equal(left, data) {
				t.Errorf("what was refused has changed: %v", err)
			}
			return
		}
		if err := get(t, path, "content"); err != nil {
			t.Errorf("what was written is not read: %v", err)
		}
	})
}
