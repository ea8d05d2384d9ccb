package transfer_test

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/types"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/archive/layout"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/oci"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/registry/registrytest"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/transfer"
)

// sign adds two referrers to a digest, a signature in cosign's format and an SBOM with a
// subject, and returns the digest of the SBOM.
func sign(t *testing.T, s strict, repo string, digest v1.Hash) v1.Hash {
	t.Helper()
	manifest := func(content string, subject *v1.Descriptor) []byte {
		data := registrytest.Bytes([]byte(content))
		d, err := registrytest.Describe(data)
		if err != nil {
			t.Fatal(err)
		}
		s.AddBlob(repo, d, data)
		empty := registrytest.Bytes([]byte("{}"))
		c, err := registrytest.Describe(empty)
		if err != nil {
			t.Fatal(err)
		}
		s.AddBlob(repo, c, empty)
		raw, err := json.Marshal(v1.Manifest{
			SchemaVersion: 2, MediaType: types.OCIManifestSchema1,
			Config:  v1.Descriptor{MediaType: "application/vnd.oci.empty.v1+json", Digest: c, Size: 2},
			Layers:  []v1.Descriptor{{MediaType: "text/spdx+json", Digest: d, Size: int64(len(content))}},
			Subject: subject,
		})
		if err != nil {
			t.Fatal(err)
		}
		return raw
	}
	mt := string(types.OCIManifestSchema1)
	s.AddManifest(repo, oci.DigestTag(digest.String())+".sig", registrytest.Manifest{MediaType: mt, Raw: manifest("signature of "+digest.Hex, nil)})
	sbom := manifest("sbom of "+digest.Hex, &v1.Descriptor{MediaType: types.OCIImageIndex, Digest: digest, Size: 1})
	return s.AddManifest(repo, "", registrytest.Manifest{MediaType: mt, Raw: sbom})
}

func TestSignaturesTravelWithTheirImage(t *testing.T) {
	tests := []struct {
		name         string
		source, into registrytest.Options
		leave        bool
	}{
		{"with the referrers API", registrytest.Options{}, registrytest.Options{}, false},
		{"into a registry without it", registrytest.Options{}, registrytest.Options{NoReferrers: true}, false},
		{"from a registry without it", registrytest.Options{NoReferrers: true}, registrytest.Options{}, false},
		{"left", registrytest.Options{}, registrytest.Options{}, true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			from, to := newStrict(t, tt.source), newStrict(t, tt.into)
			plan := fleet(t, small(2), from, to)
			digest, _ := from.Tag("team/app-000", "v0")
			sbom := sign(t, from, "team/app-000", digest)
			fallback := oci.DigestTag(digest.String())
			if tt.source.NoReferrers {
				raw, err := json.Marshal(v1.IndexManifest{SchemaVersion: 2, MediaType: types.OCIImageIndex, Manifests: []v1.Descriptor{
					{MediaType: types.OCIManifestSchema1, Digest: sbom, Size: 1},
				}})
				if err != nil {
					t.Fatal(err)
				}
				from.AddManifest("team/app-000", fallback, registrytest.Manifest{MediaType: string(types.OCIImageIndex), Raw: raw})
			}
			report := open(t, login()).Copy(t.Context(), plan, transfer.Options{NoReferrers: tt.leave})
			wantAll(t, report, images.Copied)
			want := 2
			if tt.leave {
				want = 0
			}
			if report.Results[0].Attached != want || report.Results[1].Attached != 0 {
				t.Errorf("%d and %d attached, want %d and 0", report.Results[0].Attached, report.Results[1].Attached, want)
			}
			if _, ok := to.Tag("mirror/team/app-000", fallback+".sig"); ok == tt.leave {
				t.Errorf("the signature is there: %t", ok)
			}
			if !to.Manifest("mirror/team/app-000", sbom) == !tt.leave {
				t.Error("the referrer is not there")
			}
			if _, ok := to.Tag("mirror/team/app-000", fallback); ok != tt.into.NoReferrers {
				t.Errorf("the index under a tag is there: %t", ok)
			}
			requests := to.server.Take()
			if last := requests[len(requests)-1]; !strings.HasSuffix(last, "/manifests/v0") {
				t.Errorf("the last request is %s", last)
			}
		})
	}
}

func TestSparseIndexes(t *testing.T) {
	opts := transfer.Options{Platforms: platforms(t, "linux/arm64")}
	from, to := newStrict(t, registrytest.Options{}), newStrict(t, registrytest.Options{Sparse: true})
	plan := fleet(t, small(1), from, to)
	whole, _ := from.Tag("team/app-000", "v0")
	first := open(t, login()).Copy(t.Context(), plan, opts)
	wantAll(t, first, images.Copied)
	wantCopies(t, plan, from, to)
	if res := first.Results[0]; res.Digest != whole.String() || len(res.Notes) != 1 {
		t.Errorf("%+v", res)
	}
	wantAll(t, open(t, login()).Copy(t.Context(), plan, opts), images.Present)
	opts.Platforms = platforms(t, "linux/amd64")
	wantAll(t, open(t, login()).Copy(t.Context(), plan, opts), images.Copied)

	pinned := newStrict(t, registrytest.Options{})
	plan = planOf(t, from.server, pinned.server, "team/app-000@"+whole.String())
	if res := open(t, login()).Copy(t.Context(), plan, opts).Results[0]; res.Class != images.ClassPolicy {
		t.Errorf("%+v", res)
	}
	opts.AllowDigestChange = true
	res := open(t, login()).Copy(t.Context(), plan, opts).Results[0]
	if res.Outcome != images.Copied || res.Digest == whole.String() || len(res.Notes) != 1 {
		t.Errorf("%+v", res)
	}
}

// TestSignaturesThatCameLater checks that verify finds signatures that were added after the
// copy, and that Repair copies them.
func TestSignaturesThatCameLater(t *testing.T) {
	for name, into := range map[string]registrytest.Options{"with the referrers API": {}, "without": {NoReferrers: true}} {
		t.Run(name, func(t *testing.T) {
			from, to := newStrict(t, registrytest.Options{}), newStrict(t, into)
			plan := fleet(t, small(3), from, to)
			wantAll(t, open(t, login()).Copy(t.Context(), plan, transfer.Options{}), images.Copied)
			digest, _ := from.Tag("team/app-001", "v0")
			sbom := sign(t, from, "team/app-001", digest)
			sign(t, from, "team/app-001", from.Children("team/app-001", digest)[1])

			from.server.Take()
			wantAll(t, open(t, login()).Copy(t.Context(), plan, transfer.Options{}), images.Present)
			if asked := from.server.Take(); len(asked) != 3 {
				t.Errorf("an unchanged image costs more than a request: %v", asked)
			}
			wantFindings(t, open(t, login()).Verify(t.Context(), plan, transfer.Options{NoReferrers: true}, false), nil)
			found := open(t, login()).Verify(t.Context(), plan, transfer.Options{}, false)
			wantFindings(t, found, map[string]images.Finding{"app-001": images.Incomplete})
			if problems := found.Checks[1].Problems; len(problems) != 4 {
				t.Errorf("%+v, want two signatures and two SBOMs", problems)
			}
			report := open(t, login()).Repair(t.Context(), plan, found, transfer.Options{})
			wantAll(t, report, images.Copied)
			if len(report.Results) != 1 || report.Results[0].Attached != 4 {
				t.Errorf("%+v", report.Results)
			}
			again := open(t, login()).Verify(t.Context(), found.Broken(plan), transfer.Options{}, true)
			wantFindings(t, found.Updated(again), nil)

			to.RemoveManifest("mirror/team/app-001", sbom)
			found = open(t, login()).Verify(t.Context(), plan, transfer.Options{}, false)
			wantFindings(t, found, map[string]images.Finding{"app-001": images.Incomplete})
			if len(found.Checks[1].Problems) != 1 || found.Checks[1].Problems[0].Digest != sbom.String() {
				t.Errorf("%+v, want the SBOM %s", found.Checks[1].Problems, sbom)
			}
		})
	}
}

// TestTypesOfReferrersTravelThroughArchives checks that a registry without the referrers API gets the
// type of a referrer that comes out of an archive.
func TestTypesOfReferrersTravelThroughArchives(t *testing.T) {
	for _, form := range []string{layout.DirScheme, layout.TarScheme} {
		from, to := newStrict(t, registrytest.Options{}), newStrict(t, registrytest.Options{NoReferrers: true})
		plan := fleet(t, small(1), from, to)
		digest, _ := from.Tag("team/app-000", "v0")
		sign(t, from, "team/app-000", digest)
		loaded, report := unpack(t, pack(t, form, from, plan), to)
		wantAll(t, report, images.Copied)
		inv := images.Inventory{Images: []images.Image{{Ref: loaded.Copies[0].Source, Digest: report.Results[0].Digest, Target: &loaded.Copies[0].Target}}}
		open(t, login(to.server)).Measure(t.Context(), &inv, transfer.Options{})
		if len(inv.Gaps) > 0 {
			t.Fatal(inv.Gaps)
		}
		var types []string
		for _, referrer := range inv.Images[0].Content.Referrers {
			types = append(types, referrer.Type)
		}
		if want := []string{"signature", "application/vnd.oci.empty.v1+json"}; !slices.Equal(types, want) {
			t.Errorf("%s: got %q, want %q", form, types, want)
		}
	}
}
