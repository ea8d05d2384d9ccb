package transfer_test

import (
	"slices"
	"testing"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/partial"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/types"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/oci"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/registry/servertest"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/transfer"
)

// spdx is the media type of an SBOM.
const spdx = "text/spdx+json"

// refer adds an artifact with a subject to a repository, and returns its digest.
func refer(t *testing.T, r *servertest.Registry, repo, text string, subject *v1.Descriptor) string {
	t.Helper()
	list := servertest.NewArtifact(t, spdx, text, subject)
	digest, err := list.Digest()
	if err != nil {
		t.Fatal(err)
	}
	return r.Put(t, repo+"@"+digest.String(), list)
}

// describe returns the descriptors of an index and of its last platform.
func describe(t *testing.T, index v1.ImageIndex) (root, platform *v1.Descriptor) {
	t.Helper()
	root, err := partial.Descriptor(index)
	if err != nil {
		t.Fatal(err)
	}
	manifest, err := index.IndexManifest()
	if err != nil {
		t.Fatal(err)
	}
	last := manifest.Manifests[len(manifest.Manifests)-1]
	return root, &v1.Descriptor{MediaType: last.MediaType, Size: last.Size, Digest: last.Digest}
}

// wantReferrers fails the test unless the target lists exactly these referrers.
func (s suite) wantReferrers(t *testing.T, repo string, subject *v1.Descriptor, want ...string) {
	t.Helper()
	digest := s.to.Reference(t, repo+"@"+subject.Digest.String()).Context().Digest(subject.Digest.String())
	index, err := remote.Referrers(digest, s.to.Options()...)
	if err != nil {
		t.Fatal(err)
	}
	manifest, err := index.IndexManifest()
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, desc := range manifest.Manifests {
		got = append(got, desc.Digest.String())
		if s.types && desc.ArtifactType != spdx {
			t.Errorf("%s has the artifact type %q", desc.Digest, desc.ArtifactType)
		}
	}
	slices.Sort(got)
	slices.Sort(want)
	if !slices.Equal(got, want) {
		t.Errorf("the referrers of %s are %v, want %v", subject.Digest, got, want)
	}
}

// attached checks that signatures and SBOMs are copied with their image.
func (s suite) attached(t *testing.T) {
	index := servertest.NewIndex(t, types.OCIImageIndex, types.OCIManifestSchema1)
	s.from.Put(t, "attached/app:v1", index)
	root, platform := describe(t, index)
	tag := oci.DigestTag(root.Digest.String()) + ".sig"
	signature := s.from.Put(t, "attached/app:"+tag, servertest.NewImage(t, types.OCIManifestSchema1))
	list := refer(t, s.from, "attached/app", "of all", root)
	part := refer(t, s.from, "attached/app", "of one platform", platform)
	of := refer(t, s.from, "attached/app", "of another one", platform)

	plan := planBetween(t, s.from, s.to, "attached/app:v1")
	report := open(t, reach(s.from, s.to)).Copy(t.Context(), plan, transfer.Options{})
	wantAll(t, report, images.Copied)
	if n := report.Results[0].Attached; n != 4 {
		t.Errorf("%d attached, want 4", n)
	}
	target := plan.Copies[0].Target
	target.Tag = tag
	wantContent(t, s.to, target, signature)
	s.wantReferrers(t, target.Repository, root, list)
	s.wantReferrers(t, target.Repository, platform, part, of)
	s.wantVerified(t, plan)
}

// attachedLater checks that verify finds referrers that were added after the copy, and that
// Repair copies them and keeps the referrers of the target.
func (s suite) attachedLater(t *testing.T) {
	index := servertest.NewIndex(t, types.OCIImageIndex, types.OCIManifestSchema1)
	s.from.Put(t, "later/app:v1", index)
	root, _ := describe(t, index)
	first := refer(t, s.from, "later/app", "first", root)
	plan := planBetween(t, s.from, s.to, "later/app:v1")
	wantAll(t, open(t, reach(s.from, s.to)).Copy(t.Context(), plan, transfer.Options{}), images.Copied)

	own := refer(t, s.to, plan.Copies[0].Target.Repository, "of the mirror", root)
	second := refer(t, s.from, "later/app", "second", root)
	wantAll(t, open(t, reach(s.from, s.to)).Copy(t.Context(), plan, transfer.Options{}), images.Present)
	found := open(t, reach(s.from, s.to)).Verify(t.Context(), plan, transfer.Options{}, false)
	wantFindings(t, found, map[string]images.Finding{"later/app": images.Incomplete})
	wantProblem(t, found.Checks[0], "referrer", hash(t, second), "missing (of "+root.Digest.String()+")")
	wantAll(t, open(t, reach(s.from, s.to)).Repair(t.Context(), plan, found, transfer.Options{}), images.Copied)
	s.wantReferrers(t, plan.Copies[0].Target.Repository, root, first, second, own)
	s.wantVerified(t, plan)
}

func hash(t *testing.T, digest string) v1.Hash {
	t.Helper()
	h, err := v1.NewHash(digest)
	if err != nil {
		t.Fatal(err)
	}
	return h
}
