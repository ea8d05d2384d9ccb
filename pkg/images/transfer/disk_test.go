package transfer_test

import (
	"encoding/json"
	"path/filepath"
	"strings"
	"testing"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/types"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/archive/layout"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/registry/registrytest"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/transfer"
)

// TestRoomIsLookedForFirst checks that no blob is copied if there is too little room for
// all. One layer has a size of one pebibyte in its descriptor.
func TestRoomIsLookedForFirst(t *testing.T) {
	for _, form := range []string{layout.DirScheme, layout.TarScheme} {
		from, to := newStrict(t, registrytest.Options{}), newStrict(t, registrytest.Options{})
		plan := fleet(t, small(3), from, to)
		layer := registrytest.Bytes([]byte("a layer"))
		digest, err := registrytest.Describe(layer)
		if err != nil {
			t.Fatal(err)
		}
		from.AddBlob("team/app-000", digest, layer)
		raw, err := json.Marshal(v1.Manifest{
			SchemaVersion: 2, MediaType: types.OCIManifestSchema1,
			Config: v1.Descriptor{MediaType: types.OCIConfigJSON, Digest: digest, Size: layer.Size},
			Layers: []v1.Descriptor{{MediaType: types.OCILayer, Digest: digest, Size: layer.Size}, {MediaType: types.OCILayer, Digest: v1.Hash{Algorithm: "sha256", Hex: strings.Repeat("a", 64)}, Size: 1 << 50}},
		})
		if err != nil {
			t.Fatal(err)
		}
		from.AddManifest("team/app-000", "v0", registrytest.Manifest{MediaType: string(types.OCIManifestSchema1), Raw: raw})
		from.Take()

		into, err := layout.Create(form + filepath.Join(t.TempDir(), "kkp"))
		if err != nil {
			t.Fatal(err)
		}
		defer into.Close()
		report := open(t, login()).Copy(t.Context(), inArchive(plan), transfer.Options{Into: into})
		wantAll(t, report, images.Failed)
		for _, res := range report.Results {
			if res.Class != images.ClassDisk || res.Error != report.Results[0].Error || !strings.Contains(res.Error, "MiB free, and 10737") {
				t.Errorf("%s: %s", res.Class, res.Error)
			}
		}
		if blobs := from.Take().Blobs; len(blobs) > 0 {
			t.Errorf("fetched: %v", blobs)
		}
	}
}
