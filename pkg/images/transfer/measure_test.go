package transfer_test

import (
	"testing"

	v1 "github.com/google/go-containerregistry/pkg/v1"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/contentcache"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/registry/registrytest"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/transfer"
)

// measured are the images of a fleet with their digests.
func measured(t *testing.T, registries *transfer.Registries, plan images.Plan) images.Inventory {
	t.Helper()
	var inv images.Inventory
	for _, c := range plan.Copies {
		digest, err := registries.Digest(t.Context(), c.Source)
		if err != nil {
			t.Fatal(err)
		}
		inv.Images = append(inv.Images, images.Image{Ref: c.Source, Digest: digest})
	}
	return inv
}

// TestSizes checks that blobs count once, that platforms out of scope are left out, and that a
// second run reads no manifest again.
func TestSizes(t *testing.T) {
	from, to := newStrict(t, registrytest.Options{}), newStrict(t, registrytest.Options{})
	plan := fleet(t, small(6), from, to)
	registries := open(t, login(from.server, to.server))
	inv := measured(t, registries, plan)
	opts := transfer.Options{NoReferrers: true, Kept: contentcache.New(t.TempDir())}
	registries.Measure(t.Context(), &inv, opts)
	if len(inv.Gaps) > 0 {
		t.Fatal(inv.Gaps)
	}
	all := inv.Totals()
	report := registries.Copy(t.Context(), plan, transfer.Options{})
	wantAll(t, report, images.Copied)
	var stored int64
	for _, digest := range to.Digests() {
		stored += to.Size(digest)
	}
	if all.Images != 6 || all.Bytes != stored || all.Sum <= all.Bytes || all.AllBytes != 0 {
		t.Errorf("got %+v; the target stores %d bytes of blobs", all, stored)
	}

	from.Take()
	again := measured(t, registries, plan)
	opts.Platforms = []v1.Platform{{OS: "linux", Architecture: "amd64"}}
	registries.Measure(t.Context(), &again, opts)
	some := again.Totals()
	if some.AllBytes != all.Bytes || some.Bytes >= all.Bytes || some.Bytes <= 0 || len(some.Platforms) != 2 {
		t.Errorf("got %+v, of all platforms %d bytes", some, all.Bytes)
	}
	if stats := from.Take(); stats.Kinds["GET manifests"]+stats.Kinds["GET blobs"] > 0 {
		t.Errorf("content was read twice: %v", stats.Kinds)
	}
}

// TestSizesOfWhatIsGone checks that an image that cannot be read is a gap, and leaves the others alone.
func TestSizesOfWhatIsGone(t *testing.T) {
	from, to := newStrict(t, registrytest.Options{}), newStrict(t, registrytest.Options{})
	plan := fleet(t, small(3), from, to)
	registries := open(t, login(from.server, to.server))
	inv := measured(t, registries, plan)
	inv.Images[1].Digest = "sha256:0000000000000000000000000000000000000000000000000000000000000000"
	inv.Images[2].Digest = ""
	registries.Measure(t.Context(), &inv, transfer.Options{})
	if len(inv.Gaps) != 1 || inv.Gaps[0].Source != "sizes" || inv.Gaps[0].Subject != inv.Images[1].Ref.String() {
		t.Errorf("got %v", inv.Gaps)
	}
	if inv.Images[0].Content == nil || inv.Images[1].Content != nil || inv.Images[2].Content != nil {
		t.Error("the wrong images have sizes")
	}
}
