package transfer_test

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	v1 "github.com/google/go-containerregistry/pkg/v1"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/contentcache"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/archive/layout"
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
	if stats := from.Take(); stats.Kinds["GET manifests"]+stats.Kinds["GET blobs"] > 0 || stats.Kinds["HEAD manifests"] != 6 { // of measured
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

// TestSizesAtTheTarget checks that an image that has a target is read there, in a registry or an
// archive, with the same content as at the source; and that no registry is asked again.
func TestSizesAtTheTarget(t *testing.T) {
	from, to := newStrict(t, registrytest.Options{}), newStrict(t, registrytest.Options{})
	plan := fleet(t, small(4), from, to)
	registries := open(t, login(from.server, to.server))
	source := measured(t, registries, plan)
	registries.Measure(t.Context(), &source, transfer.Options{NoReferrers: true})
	wantAll(t, registries.Copy(t.Context(), plan, transfer.Options{}), images.Copied)
	packed, err := layout.Open(t.Context(), pack(t, layout.TarScheme, strict{}, plan))
	if err != nil {
		t.Fatal(err)
	}
	defer packed.Close()
	for name, into := range map[string]*transfer.Archive{"registry": nil, "archive": packed} {
		t.Run(name, func(t *testing.T) {
			opts := transfer.Options{NoReferrers: true, Into: into, Kept: contentcache.New(t.TempDir())}
			from.Take()
			for round := range 2 {
				to.Take()
				inv := source
				inv.Images = slices.Clone(source.Images)
				for i := range inv.Images {
					inv.Images[i].Content, inv.Images[i].Target = nil, &plan.Copies[i].Target
					if into != nil {
						inv.Images[i].Target = &plan.Copies[i].Source
					}
				}
				registries.Measure(t.Context(), &inv, opts)
				if len(inv.Gaps) > 0 {
					t.Fatal(inv.Gaps)
				}
				for i, img := range inv.Images {
					if diff := cmp.Diff(source.Images[i].Content, img.Content); diff != "" || img.Content.Created == "" || img.Content.Licenses == "" {
						t.Errorf("%s: %s", img.Ref, diff)
					}
				}
				if stats := from.Take(); requests(stats) > 0 {
					t.Errorf("the sources were asked: %v", stats.Kinds)
				}
				if stats := to.Take(); (round > 0 || into != nil) && requests(stats) > 0 {
					t.Errorf("round %d: the target was asked: %v", round, stats.Kinds)
				}
			}
		})
	}
}

// TestSizesOfSomePlatforms checks that an image of which the target has only some platforms is read
// there, and that forecast and verification know its digest at the source.
func TestSizesOfSomePlatforms(t *testing.T) {
	from, to := newStrict(t, registrytest.Options{}), newStrict(t, registrytest.Options{})
	plan := fleet(t, small(2), from, to)
	registries := open(t, login(from.server, to.server))
	source := measured(t, registries, plan)
	opts := transfer.Options{NoReferrers: true, Platforms: platforms(t, "linux/amd64")}
	f, err := registries.Forecast(t.Context(), plan, opts)
	if err != nil {
		t.Fatal(err)
	}
	report := registries.Copy(t.Context(), plan, opts)
	wantAll(t, report, images.Copied)
	v := registries.Verify(t.Context(), plan, opts, false)
	var inv images.Inventory
	for i, result := range report.Results {
		if want := source.Images[i].Digest; f.Items[i].SourceDigest != want || v.Checks[i].SourceDigest != want {
			t.Errorf("%s: the digest at the source is %s for the forecast, and %s for the verification, want %s", result.Source, f.Items[i].SourceDigest, v.Checks[i].SourceDigest, want)
		}
		inv.Images = append(inv.Images, images.Image{Ref: result.Source, Digest: v.Checks[i].Digest, Target: &plan.Copies[i].Target})
	}
	from.Take()
	registries.Measure(t.Context(), &inv, opts)
	if len(inv.Gaps) > 0 || requests(from.Take()) > 0 {
		t.Fatal(inv.Gaps)
	}
	for _, img := range inv.Images {
		if len(img.Content.Platforms) != 1 || img.Content.Bytes <= 0 {
			t.Errorf("got %+v", img.Content)
		}
	}
}
