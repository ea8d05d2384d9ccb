package transfer_test

import (
	"strings"
	"testing"

	v1 "github.com/google/go-containerregistry/pkg/v1"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/archive/layout"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/registry/registrytest"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/transfer"
)

// wantFindings fails the test unless the images have the given findings, and all others are
// verified.
func wantFindings(t *testing.T, v images.Verification, want map[string]images.Finding) {
	t.Helper()
	for _, c := range v.Checks {
		name := strings.TrimPrefix(c.Source.Repository, "team/")
		expected := images.Verified
		if f, ok := want[name]; ok {
			expected = f
		}
		if c.Finding != expected {
			t.Errorf("%s is %s, want %s: %+v", name, c.Finding, expected, c)
		}
	}
}

func TestVerifyFindsAndFixRepairs(t *testing.T) {
	from, to := newStrict(t, registrytest.Options{}), newStrict(t, registrytest.Options{})
	f := small(6)
	plan := fleet(t, f, from, to)
	wantAll(t, open(t, login()).Copy(t.Context(), plan, transfer.Options{}), images.Copied)
	wantFindings(t, open(t, login()).Verify(t.Context(), plan, transfer.Options{}, false), nil)
	wantFindings(t, open(t, login()).Verify(t.Context(), plan, transfer.Options{}, true), nil)

	to.Untag("mirror/team/app-000", "v0")
	index, _ := from.Tag("team/app-001", "v0")
	platform := from.Children("team/app-001", index)[1]
	to.RemoveManifest("mirror/team/app-001", platform)
	own, err := registrytest.NewLayer(1_000_000+2000, f.OwnSize)
	if err != nil {
		t.Fatal(err)
	}
	to.RemoveBlob("mirror/team/app-002", own.Digest)
	to.AddManifest("mirror/team/app-003", "v0", registrytest.Manifest{MediaType: "application/vnd.oci.image.index.v1+json", Raw: []byte(`{"schemaVersion":2,"manifests":[]}`)})

	v := open(t, login()).Verify(t.Context(), plan, transfer.Options{}, false)
	wantFindings(t, v, map[string]images.Finding{
		"app-000": images.Missing, "app-001": images.Incomplete, "app-002": images.Incomplete, "app-003": images.Different,
	})
	wantProblem(t, v.Checks[1], "manifest", platform, "missing (linux/arm64)")
	wantProblem(t, v.Checks[2], "blob", own.Digest, "missing")

	broken := v.Broken(plan)
	if len(broken.Copies) != 4 {
		t.Errorf("%d images are to be repaired", len(broken.Copies))
	}
	from.Take()
	wantAll(t, open(t, login()).Repair(t.Context(), plan, v, transfer.Options{}), images.Copied)
	if blobs := from.Take().Blobs; len(blobs) != 1 || blobs[own.Digest] != 1 {
		t.Errorf("fetched: %v, want %s", blobs, own.Digest)
	}
	wantFindings(t, open(t, login()).Verify(t.Context(), plan, transfer.Options{}, true), nil)
}

func wantProblem(t *testing.T, c images.Check, part string, digest v1.Hash, detail string) {
	t.Helper()
	if len(c.Problems) != 1 || c.Problems[0] != (images.Problem{Part: part, Digest: digest.String(), Detail: detail}) {
		t.Errorf("%s: %+v, want the %s %s %s", c.Source, c.Problems, part, digest, detail)
	}
}

func TestVerifyDeepHashes(t *testing.T) {
	from, to := newStrict(t, registrytest.Options{}), newStrict(t, registrytest.Options{})
	f := small(2)
	plan := fleet(t, f, from, to)
	wantAll(t, open(t, login()).Copy(t.Context(), plan, transfer.Options{}), images.Copied)
	own, err := registrytest.NewLayer(1_000_000, f.OwnSize)
	if err != nil {
		t.Fatal(err)
	}
	to.AddBlob("mirror/team/app-000", own.Digest, registrytest.Generated(99, f.OwnSize))
	wantFindings(t, open(t, login()).Verify(t.Context(), plan, transfer.Options{}, false), nil)
	wantFindings(t, open(t, login()).Verify(t.Context(), plan, transfer.Options{}, true), map[string]images.Finding{"app-000": images.Incomplete})
}

func TestVerifyWithoutASource(t *testing.T) {
	from, to := newStrict(t, registrytest.Options{}), newStrict(t, registrytest.Options{})
	plan := fleet(t, small(2), from, to)
	for i, res := range open(t, login()).Copy(t.Context(), plan, transfer.Options{}).Results {
		plan.Copies[i].Digest = res.Digest // as in a lock
	}
	from.server.Take()
	wantFindings(t, open(t, login()).Verify(t.Context(), plan, transfer.Options{}, true), nil)
	if asked := from.server.Take(); len(asked) > 0 {
		t.Errorf("the source was asked: %v", asked)
	}
}

func TestVerifyArchives(t *testing.T) {
	from, to := newStrict(t, registrytest.Options{}), newStrict(t, registrytest.Options{})
	plan := fleet(t, small(3), from, to)
	a, err := layout.Open(t.Context(), pack(t, layout.TarScheme, from, plan))
	if err != nil {
		t.Fatal(err)
	}
	defer a.Close()
	wantFindings(t, open(t, login()).Verify(t.Context(), inArchive(plan), transfer.Options{Into: a}, true), nil)
}
