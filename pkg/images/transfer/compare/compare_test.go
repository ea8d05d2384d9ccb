package compare_test

import (
	"slices"
	"testing"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/types"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/failure"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/oci"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/storage/storagetest"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/transfer/compare"
)

// ends returns the source and the target of an image.
func ends() (from, to *storagetest.Memory) {
	return (&storagetest.Registry{Name: "hub"}).Repository("app", false), (&storagetest.Registry{Name: "mirror"}).Repository("app", true)
}

func plan() images.Copy {
	return images.Copy{
		Source: images.Ref{Registry: "hub", Repository: "app", Tag: "v1"},
		Target: images.Ref{Registry: "mirror", Repository: "app", Tag: "v1"},
	}
}

func put(t *testing.T, to *storagetest.Memory, m oci.Manifest, tag string) {
	t.Helper()
	if _, err := to.PutManifest(t.Context(), m, tag); err != nil {
		t.Fatal(err)
	}
}

// index adds an index with two platforms to a repository.
func index(t *testing.T, to *storagetest.Memory) oci.Manifest {
	t.Helper()
	list := v1.IndexManifest{SchemaVersion: 2, MediaType: types.OCIImageIndex}
	for _, arch := range []string{"amd64", "arm64"} {
		m := storagetest.Image(t, to, arch)
		put(t, to, m, "")
		digest, err := v1.NewHash(m.Digest)
		if err != nil {
			t.Fatal(err)
		}
		list.Manifests = append(list.Manifests, v1.Descriptor{
			MediaType: m.MediaType, Digest: digest, Size: int64(len(m.Raw)), Platform: &v1.Platform{OS: "linux", Architecture: arch},
		})
	}
	m := storagetest.Manifest(t, list)
	put(t, to, m, "v1")
	return m
}

func TestCompare(t *testing.T) {
	from, to := ends()
	m := storagetest.Image(t, from, "a layer")
	image := (&compare.Run{}).Pair(plan(), from, to, nil)
	if _, _, err := image.Compare(t.Context()); !failure.IsNotFound(err) {
		t.Errorf("without the source: %v", err)
	}
	put(t, from, m, "v1")
	if goal, there, err := image.Compare(t.Context()); goal.Digest != m.Digest || there != "" || err != nil {
		t.Errorf("without the target: %+v, %q, %v", goal, there, err)
	}
	put(t, to, m, "v1")
	if goal, there, err := image.Compare(t.Context()); goal.Digest != m.Digest || there != m.Digest || err != nil {
		t.Errorf("with both: %+v, %q, %v", goal, there, err)
	}
	put(t, from, storagetest.Image(t, from, "another layer"), "v1")
	if goal, there, err := image.Compare(t.Context()); goal.Digest == m.Digest || there != "" || err != nil {
		t.Errorf("with another source: %+v, %q, %v", goal, there, err)
	}
	pinned := plan()
	pinned.Digest = m.Digest
	if goal, there, err := (&compare.Run{}).Pair(pinned, from, to, nil).Compare(t.Context()); goal.Digest != m.Digest || there != m.Digest || err != nil {
		t.Errorf("with the digest of the plan: %+v, %q, %v", goal, there, err)
	}
}

func TestPlatforms(t *testing.T) {
	from, to := ends()
	whole := index(t, from)
	run := &compare.Run{Platforms: []v1.Platform{{OS: "linux", Architecture: "arm64"}}}
	goal, there, err := run.Pair(plan(), from, to, nil).Compare(t.Context())
	if err != nil || there != "" || goal.Unfiltered == nil || goal.Unfiltered.Digest != whole.Digest || len(goal.Root.Entries()) != 1 {
		t.Fatalf("%+v, %q, %v", goal, there, err)
	}
	put(t, to, whole, "v1")
	if _, there, err := run.Pair(plan(), from, to, nil).Compare(t.Context()); there != "" || err != nil {
		t.Errorf("the whole index without its platform: %q, %v", there, err)
	}
	put(t, to, storagetest.Image(t, to, "arm64"), "")
	if _, there, err := run.Pair(plan(), from, to, nil).Compare(t.Context()); there != whole.Digest || err != nil {
		t.Errorf("the whole index with its platform: %q, %v", there, err)
	}
}

func TestReferrers(t *testing.T) {
	from, to := ends()
	whole := index(t, from)
	platform := whole.Entries()[0].Digest.String()
	image := (&compare.Run{}).Pair(plan(), from, to, nil)
	signature := func(of string) {
		put(t, from, storagetest.Image(t, from, "signature of "+of), oci.DigestTag(of)+".sig")
	}
	signature(platform)
	if found, err := image.Referrers(t.Context(), whole.Digest, []string{platform}); len(found) > 0 || err != nil {
		t.Errorf("nothing refers to the index: %+v, %v", found, err)
	}
	signature(whole.Digest)
	found, err := image.Referrers(t.Context(), whole.Digest, []string{platform})
	of := []string{}
	for _, r := range found {
		of = append(of, r.Of)
	}
	if err != nil || !slices.Equal(of, []string{whole.Digest, platform}) {
		t.Errorf("%+v, %v", found, err)
	}
	left := (&compare.Run{NoReferrers: true}).Pair(plan(), from, to, nil)
	if found, err := left.Referrers(t.Context(), whole.Digest, nil); len(found) > 0 || err != nil {
		t.Errorf("%+v, %v", found, err)
	}
}
