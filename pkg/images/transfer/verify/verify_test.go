package verify_test

import (
	"testing"

	v1 "github.com/google/go-containerregistry/pkg/v1"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/oci"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/retry"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/storage"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/storage/storagetest"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/transfer/compare"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/transfer/scheduler"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/transfer/verify"
)

// setup is an image that was copied, with a signature.
type setup struct {
	from, to *storagetest.Memory
	manifest oci.Manifest
	layer    v1.Hash
}

func newSetup(t *testing.T) setup {
	t.Helper()
	s := setup{
		from: (&storagetest.Registry{Name: "hub"}).Repository("app", false),
		to:   (&storagetest.Registry{Name: "mirror"}).Repository("app", true),
	}
	for _, end := range []*storagetest.Memory{s.from, s.to} {
		s.manifest = storagetest.Image(t, end, "a layer")
		signature := storagetest.Image(t, end, "a signature")
		for tag, m := range map[string]oci.Manifest{"v1": s.manifest, oci.DigestTag(s.manifest.Digest) + ".sig": signature} {
			if _, err := end.PutManifest(t.Context(), m, tag); err != nil {
				t.Fatal(err)
			}
		}
	}
	s.layer = storagetest.Describe(t, []byte("a layer")).Digest
	return s
}

func (s setup) check(t *testing.T, deep bool) images.Check {
	t.Helper()
	v := &verify.Verifier{
		Compare: &compare.Run{}, Scheduler: scheduler.New(scheduler.LimitsFor(1)), Retry: retry.Policy{Attempts: 1}, Deep: deep,
		Open: func(images.Copy, storage.Progress) (storage.Source, storage.Target, error) { return s.from, s.to, nil },
	}
	return v.Image(t.Context(), images.Copy{
		Source: images.Ref{Registry: "hub", Repository: "app", Tag: "v1"},
		Target: images.Ref{Registry: "mirror", Repository: "app", Tag: "v1"},
	})
}

func TestFindings(t *testing.T) {
	for _, tt := range []struct {
		name    string
		damage  func(setup)
		deep    bool
		want    images.Finding
		problem string // "" for none
		damaged bool
	}{
		{"nothing", func(setup) {}, true, images.Verified, "", false},
		{"no image", func(s setup) { s.to.RemoveManifest(s.manifest.Digest) }, false, images.Missing, "", false},
		{"no layer", func(s setup) { s.to.RemoveBlob(s.layer) }, false, images.Incomplete, "blob", false},
		{"another layer, not looked into", func(s setup) { s.to.Spoil(s.layer) }, false, images.Verified, "", false},
		{"another layer", func(s setup) { s.to.Spoil(s.layer) }, true, images.Incomplete, "blob", true},
		{"no signature", func(s setup) {
			digest, err := s.to.Resolve(t.Context(), oci.DigestTag(s.manifest.Digest)+".sig")
			if err != nil {
				t.Fatal(err)
			}
			s.to.RemoveManifest(digest)
		}, false, images.Incomplete, "referrer", false},
		{"no source", func(s setup) { s.from.RemoveManifest(s.manifest.Digest) }, false, images.Unknown, "", false},
		{"no source and no layer", func(s setup) {
			s.from.RemoveManifest(s.manifest.Digest)
			s.to.RemoveBlob(s.layer)
		}, false, images.Incomplete, "blob", false},
		{"no source and no image", func(s setup) {
			s.from.RemoveManifest(s.manifest.Digest)
			s.to.RemoveManifest(s.manifest.Digest)
		}, false, images.Missing, "", false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := newSetup(t)
			tt.damage(s)
			got := s.check(t, tt.deep)
			if got.Finding != tt.want || got.Uncompared != (tt.want == images.Unknown) {
				t.Errorf("found %+v, want %s", got, tt.want)
			}
			if (len(got.Problems) > 0) != (tt.problem != "") {
				t.Fatalf("problems %+v, want %q", got.Problems, tt.problem)
			}
			if tt.problem != "" && (got.Problems[0].Part != tt.problem || got.Problems[0].Damaged != tt.damaged) {
				t.Errorf("problems %+v, want %q", got.Problems, tt.problem)
			}
		})
	}
}
