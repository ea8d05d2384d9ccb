package archive_test

import (
	"path/filepath"
	"testing"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/archive"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/storage"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/storage/storagetest"
)

// forms are the schemes of archives that can be written.
func forms() []string { return []string{"oci:", "oci-archive:"} }

func create(t *testing.T, form string) *archive.Archive {
	t.Helper()
	a, err := archive.Create(form + filepath.Join(t.TempDir(), "archive"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = a.Close() })
	return a
}

func app() images.Ref { return images.Ref{Registry: "quay.io", Repository: "team/app", Tag: "v1"} }

func copied() images.Copy { return images.Copy{Source: app(), Target: app()} }

func TestArchivesAreStorages(t *testing.T) {
	for _, form := range forms() {
		t.Run(form, func(t *testing.T) { storagetest.Check(t, archive.Target(create(t, form), copied(), nil), "v1") })
	}
}

// TestDeltas writes only content that an earlier archive lacks.
func TestDeltas(t *testing.T) {
	for _, form := range forms() {
		t.Run(form, func(t *testing.T) {
			earlier := create(t, form)
			first := archive.Target(earlier, copied(), nil)
			m := storagetest.Image(t, first, "a layer")
			if _, err := first.PutManifest(t.Context(), m, "v1"); err != nil {
				t.Fatal(err)
			}
			since, err := archive.ReadSince(t.Context(), earlier)
			if err != nil {
				t.Fatal(err)
			}
			delta := create(t, form)
			to := archive.Target(delta, copied(), since)
			layer := []byte("a layer")
			desc := storagetest.Push(t, first, layer)
			if got, err := to.Push(t.Context(), desc, "", nil); got != storage.Existed || err != nil {
				t.Errorf("%d, %v", got, err)
			}
			if base := delta.Base(); base == nil || base.Blobs[desc.Digest.String()] != app().String() {
				t.Errorf("%+v", base)
			}
			if digest, err := to.Resolve(t.Context(), "v1"); err != nil || digest != m.Digest {
				t.Errorf("the tag of the earlier archive: %s, %v", digest, err)
			}
		})
	}
}
