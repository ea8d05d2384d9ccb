package transfer_test

import (
	"maps"
	"slices"
	"strings"
	"testing"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/random"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/types"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/registry/servertest"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/transfer"
)

// fill adds images of every kind to a registry, and returns their references with the
// digests.
func fill(t *testing.T, r *servertest.Registry, odd v1.Image) map[string]string {
	t.Helper()
	index := func(more ...mutate.IndexAddendum) v1.ImageIndex {
		return servertest.NewIndex(t, types.OCIImageIndex, types.OCIManifestSchema1, more...)
	}
	attestation := mutate.IndexAddendum{Add: servertest.NewImage(t, types.OCIManifestSchema1), Descriptor: v1.Descriptor{
		Platform:    &v1.Platform{OS: "unknown", Architecture: "unknown"},
		Annotations: map[string]string{"vnd.docker.reference.type": "attestation-manifest"},
	}}
	tagged := index()
	digests := map[string]string{}
	for ref, content := range map[string]remote.Taggable{
		"team/multi:v1":    index(),
		"team/list:v1":     servertest.NewIndex(t, types.DockerManifestList, types.DockerManifestSchema2),
		"team/mixed:v1":    servertest.NewIndex(t, types.OCIImageIndex, types.DockerManifestSchema2),
		"team/single:v1":   servertest.NewImage(t, types.OCIManifestSchema1),
		"team/single2:v1":  servertest.NewImage(t, types.DockerManifestSchema2),
		"team/nested:v1":   index(mutate.IndexAddendum{Add: index()}),
		"team/attested:v1": index(attestation),
		"team/odd:v1":      odd,
		"team/large:v1":    newLarge(t),
		"team/tags:v1":     tagged,
		"team/tags:v1.0":   tagged,
		"team/tags:v2":     index(),
		"charts/app:1.0.0": servertest.NewChart(t),
		"artifacts/list:1": servertest.NewArtifact(t, "text/spdx+json", "a list", nil),
	} {
		digests[ref] = r.Put(t, ref, content)
	}
	pinned := r.Put(t, "team/pinned:v2", index())
	digests["team/pinned@"+pinned] = pinned
	both := r.Put(t, "team/both:v3", index())
	digests["team/both:v3@"+both] = both
	return digests
}

// newLarge returns an image with a layer that is streamed.
func newLarge(t *testing.T) v1.Image {
	t.Helper()
	layer, err := random.Layer(9<<20, types.OCILayer)
	if err != nil {
		t.Fatal(err)
	}
	image, err := mutate.AppendLayers(servertest.NewImage(t, types.OCIManifestSchema1), layer)
	if err != nil {
		t.Fatal(err)
	}
	return image
}

func (s suite) shapes(t *testing.T) {
	odd := newOddLayers(t)
	digests := fill(t, s.from, odd)
	refs := slices.Sorted(maps.Keys(digests))
	plan := planBetween(t, s.from, s.to, refs...)

	first := open(t, reach(s.from, s.to)).Copy(t.Context(), plan, transfer.Options{Jobs: 4})
	wantAll(t, first, images.Copied)
	for i, res := range first.Results {
		ref := strings.TrimPrefix(res.Source.String(), s.from.Host+"/")
		if res.Source != plan.Copies[i].Source {
			t.Errorf("result %d is for %s, want %s", i, res.Source, plan.Copies[i].Source)
		}
		if res.Digest != digests[ref] || res.Bytes == 0 || res.Attempts != 1 {
			t.Errorf("%s: digest %s, %d bytes, %d attempts; want %s, some, 1", ref, res.Digest, res.Bytes, res.Attempts, digests[ref])
		}
		wantContent(t, s.to, res.Target, digests[ref])
		if ref == "team/odd:v1" {
			wantOddLayers(t, s.to, res.Target, odd)
		}
	}

	r, requests := watched(t, reach(s.from, s.to))
	second := r.Copy(t.Context(), plan, transfer.Options{})
	wantAll(t, second, images.Present)
	if second.Bytes() != 0 {
		t.Errorf("the second run uploaded %d bytes", second.Bytes())
	}
	wantHeads(t, "source", requests.take(t, s.from), len(refs)-2) // two references have a digest
	wantHeads(t, "target", requests.take(t, s.to), len(refs))
	s.wantVerified(t, plan)
}

// wantVerified fails the test unless every byte of all images is in the target.
func (s suite) wantVerified(t *testing.T, plan images.Plan) {
	t.Helper()
	wantFindings(t, open(t, reach(s.from, s.to)).Verify(t.Context(), plan, transfer.Options{}, true), nil)
}

// shared checks that a shared blob is downloaded once and uploaded once.
func (s suite) shared(t *testing.T) {
	base, err := random.Image(64<<10, 2)
	if err != nil {
		t.Fatal(err)
	}
	var refs []string
	for _, ref := range []string{"shared/a:v1", "shared/b:v1", "shared/c:v1", "shared/c:v2"} {
		own, err := random.Layer(1<<10, types.DockerLayer)
		if err != nil {
			t.Fatal(err)
		}
		image, err := mutate.AppendLayers(base, own)
		if err != nil {
			t.Fatal(err)
		}
		s.from.Put(t, ref, image)
		refs = append(refs, ref)
	}
	plan := planBetween(t, s.from, s.to, refs...)
	r, requests := watched(t, reach(s.from, s.to))
	report := r.Copy(t.Context(), plan, transfer.Options{})
	wantAll(t, report, images.Copied)
	fetched := downloads(requests.take(t, s.from))
	for digest, n := range fetched {
		if n != 1 {
			t.Errorf("%s was fetched %d times", digest, n)
		}
	}
	// Two layers of the base, and a layer and a configuration of each image.
	pushed := requests.take(t, s.to)
	if len(fetched) != 10 || uploads(pushed) != 10 || len(downloads(pushed)) > 0 {
		t.Errorf("%d blobs were fetched, %d uploaded, %d read back; want 10, 10, none", len(fetched), uploads(pushed), len(downloads(pushed)))
	}
	var mounted, want int64
	for _, res := range report.Results {
		mounted += res.Mounted
	}
	if s.mounts {
		want = 2 * sizeOf(t, base)
	}
	if mounted != want {
		t.Errorf("%d bytes were mounted, want %d", mounted, want)
	}
	s.wantVerified(t, plan)
}

// sizeOf returns the size of the layers of an image.
func sizeOf(t *testing.T, image v1.Image) (size int64) {
	t.Helper()
	manifest, err := image.Manifest()
	if err != nil {
		t.Fatal(err)
	}
	for _, layer := range manifest.Layers {
		size += layer.Size
	}
	return size
}

// platforms expects an index with fewer platforms, because none of the registries accepts
// an index with missing manifests.
func (s suite) platforms(t *testing.T) {
	whole := s.from.Put(t, "some/list:v1", servertest.NewIndex(t, types.DockerManifestList, types.DockerManifestSchema2))
	single := s.from.Put(t, "some/single:v1", servertest.NewImage(t, types.OCIManifestSchema1))
	plan := planBetween(t, s.from, s.to, "some/list:v1", "some/single:v1")
	opts := transfer.Options{Platforms: platforms(t, "linux/arm64", "linux/s390x")}

	r, requests := watched(t, reach(s.from, s.to))
	report := r.Copy(t.Context(), plan, opts)
	wantAll(t, report, images.Copied)
	list := report.Results[0]
	if list.Digest == whole || report.Results[1].Digest != single {
		t.Errorf("digests %s and %s", list.Digest, report.Results[1].Digest)
	}
	wantContent(t, s.to, list.Target, list.Digest)
	if puts := servertest.WithPrefix(requests.take(t, s.to), "PUT /v2/mirror/some/list/manifests/"); len(puts) != 3 {
		t.Errorf("written: %v; want one image, the whole index in vain, and the smaller one", puts)
	}

	r, requests = watched(t, reach(s.from, s.to))
	again := r.Copy(t.Context(), plan, opts)
	wantAll(t, again, images.Present)
	if asked := requests.take(t, s.to); len(asked) != 2 || again.Results[0].Digest != list.Digest {
		t.Errorf("the second run asked for %v and reports %s", asked, again.Results[0].Digest)
	}
	wantFindings(t, open(t, reach(s.from, s.to)).Verify(t.Context(), plan, opts, true), nil)
}
