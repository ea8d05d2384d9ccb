package transfer_test

import (
	"fmt"
	"strings"
	"testing"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/types"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/registry/registrytest"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/registry/servertest"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/transfer"
)

// TestIndexesThatListEachOther has indexes with many paths to one image. The time to copy
// and verify depends on the number of manifests, not of paths.
func TestIndexesThatListEachOther(t *testing.T) {
	from, to := newStrict(t, registrytest.Options{}), newStrict(t, registrytest.Options{})
	if _, err := from.AddImage("team/app", "base", map[string][]registrytest.Layer{"amd64": nil}); err != nil {
		t.Fatal(err)
	}
	base, _ := from.Tag("team/app", "base")
	list := descriptorOf(base)
	var root v1.Hash
	for level := range 6 {
		var above []string
		for i := range 3 {
			raw := fmt.Sprintf(`{"schemaVersion":2,"mediaType":%q,"annotations":{"name":"%d-%d"},"manifests":[%s]}`, types.OCIImageIndex, level, i, list)
			root = from.AddManifest("team/app", "v1", registrytest.Manifest{MediaType: string(types.OCIImageIndex), Raw: []byte(raw)})
			above = append(above, descriptorOf(root))
		}
		list = strings.Join(above, ",")
	}
	from.server.Take()
	plan := planOf(t, from.server, to.server, "team/app:v1")
	wantAll(t, open(t, login()).Copy(t.Context(), plan, transfer.Options{}), images.Copied)
	wantFindings(t, open(t, login()).Verify(t.Context(), plan, transfer.Options{}, false), nil)
	for name, requests := range map[string][]string{"source": from.server.Take(), "target": to.server.Take()} {
		reads := map[string]int{}
		for _, r := range servertest.WithPrefix(requests, "GET ") {
			reads[r]++
		}
		for r, n := range reads {
			if n > 2 { // copied and verified
				t.Errorf("%s: %d times %s", name, n, r)
			}
		}
	}
}

// descriptorOf returns the descriptor of an index, for the index above.
func descriptorOf(digest v1.Hash) string {
	return fmt.Sprintf(`{"mediaType":%q,"digest":%q,"size":1}`, types.OCIImageIndex, digest)
}
