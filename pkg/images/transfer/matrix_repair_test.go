package transfer_test

import (
	"testing"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/types"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/registry/servertest"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/transfer"
)

// repairs deletes a tag, a platform and a blob at the target, and moves a tag. It checks
// that verify reports these, and that Repair restores exactly these.
func (s suite) repairs(t *testing.T) {
	index := servertest.NewIndex(t, types.OCIImageIndex, types.OCIManifestSchema1)
	image := servertest.NewImage(t, types.DockerManifestSchema2)
	digests := []string{
		s.from.Put(t, "broken/blob:v1", image),
		s.from.Put(t, "broken/moved:v1", servertest.NewImage(t, types.OCIManifestSchema1)),
		s.from.Put(t, "broken/platform:v1", index),
		s.from.Put(t, "broken/tag:v1", servertest.NewIndex(t, types.OCIImageIndex, types.OCIManifestSchema1)),
		s.from.Put(t, "sound/app:v1", servertest.NewImage(t, types.OCIManifestSchema1)),
	}
	plan := planBetween(t, s.from, s.to, "broken/blob:v1", "broken/moved:v1", "broken/platform:v1", "broken/tag:v1", "sound/app:v1")
	wantAll(t, open(t, reach(s.from, s.to)).Copy(t.Context(), plan, transfer.Options{}), images.Copied)
	s.wantVerified(t, plan)

	blob := firstLayer(t, image)
	_, platform := describe(t, index)
	s.to.DeleteBlob(t, "mirror/broken/blob", blob)
	s.to.Put(t, "mirror/broken/moved:v1", servertest.NewImage(t, types.OCIManifestSchema1))
	s.to.Delete(t, "mirror/broken/platform@"+platform.Digest.String())
	s.to.Delete(t, "mirror/broken/tag:v1")

	found := open(t, reach(s.from, s.to)).Verify(t.Context(), plan, transfer.Options{}, false)
	wantFindings(t, found, map[string]images.Finding{
		"broken/blob": images.Incomplete, "broken/moved": images.Different, "broken/platform": images.Incomplete, "broken/tag": images.Missing,
	})
	wantProblem(t, found.Checks[0], "blob", blob, "missing")
	wantProblem(t, found.Checks[2], "manifest", platform.Digest, "missing (linux/arm64)")

	r, requests := watched(t, reach(s.from, s.to))
	report := r.Repair(t.Context(), plan, found, transfer.Options{})
	wantAll(t, report, images.Copied)
	if fetched := downloads(requests.take(t, s.from)); len(report.Results) != 4 || len(fetched) != 1 || fetched[blob.String()] != 1 {
		t.Errorf("%d images were repaired with %v, want 4 with %s", len(report.Results), fetched, blob)
	}
	if n := uploads(requests.take(t, s.to)); n != 1 {
		t.Errorf("%d blobs were uploaded", n)
	}
	for i, c := range plan.Copies {
		wantContent(t, s.to, c.Target, digests[i])
	}
	s.wantVerified(t, plan)
}

func firstLayer(t *testing.T, image v1.Image) v1.Hash {
	t.Helper()
	manifest, err := image.Manifest()
	if err != nil {
		t.Fatal(err)
	}
	return manifest.Layers[0].Digest
}

// lostReferrers deletes the referrers of an image at the target.
func (s suite) lostReferrers(t *testing.T) {
	index := servertest.NewIndex(t, types.OCIImageIndex, types.OCIManifestSchema1)
	s.from.Put(t, "lost/app:v1", index)
	root, _ := describe(t, index)
	list := refer(t, s.from, "lost/app", "to be lost", root)
	plan := planBetween(t, s.from, s.to, "lost/app:v1")
	wantAll(t, open(t, reach(s.from, s.to)).Copy(t.Context(), plan, transfer.Options{}), images.Copied)

	s.to.Delete(t, "mirror/lost/app@"+list)
	found := open(t, reach(s.from, s.to)).Verify(t.Context(), plan, transfer.Options{}, false)
	wantFindings(t, found, map[string]images.Finding{"lost/app": images.Incomplete})
	if problems := found.Checks[0].Problems; len(problems) != 1 || problems[0].Digest != list {
		t.Errorf("%+v, want the list %s", problems, list)
	}
	wantAll(t, open(t, reach(s.from, s.to)).Repair(t.Context(), plan, found, transfer.Options{}), images.Copied)
	s.wantReferrers(t, plan.Copies[0].Target.Repository, root, list)
	s.wantVerified(t, plan)
}
