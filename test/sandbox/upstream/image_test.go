package upstream

import (
	"bytes"
	"encoding/json"
	"slices"
	"testing"

	"github.com/distribution/reference"
	"github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/types"
)

func TestImagesAreDeterministic(t *testing.T) {
	for _, ref := range []string{"registry.k8s.io/etcd:3.5.21-0", "quay.io/kubermatic/addons:v2.31.0"} {
		first, second := generate(t, ref), generate(t, ref)
		if root(first).Digest != root(second).Digest {
			t.Errorf("%s: digests %s and %s", ref, root(first).Digest, root(second).Digest)
		}
		other := generate(t, ref+"-other")
		if root(first).Digest == root(other).Digest {
			t.Errorf("%s: another tag has the same digest", ref)
		}
	}

	// A change here breaks whoever wrote digests down.
	const want = "sha256:8fa69cbbd0265df6d9ee7babe91ff3c362718cfb1ef324f48f19cc3edd83a148"
	if got := root(generate(t, "docker.io/library/alpine:3.20")).Digest.String(); got != want {
		t.Errorf("digest %s, want %s", got, want)
	}
}

func TestImageHasTwoPlatforms(t *testing.T) {
	image := generate(t, "registry.k8s.io/etcd:3.5.21-0")
	if got := root(image).MediaType; got != types.OCIImageIndex {
		t.Fatalf("media type %s", got)
	}
	index := v1.IndexManifest{}
	if err := json.Unmarshal(root(image).Content, &index); err != nil {
		t.Fatal(err)
	}

	var got []string
	for _, child := range index.Manifests {
		got = append(got, child.Platform.String())
	}
	if want := []string{"linux/amd64", "linux/arm64"}; !slices.Equal(got, want) {
		t.Errorf("platforms %v, want %v", got, want)
	}
	if len(image.Manifests) != 3 || len(image.Blobs) != 6 {
		t.Errorf("%d manifests and %d blobs", len(image.Manifests), len(image.Blobs))
	}
}

func TestSinglePlatformImages(t *testing.T) {
	for ref, want := range map[string]types.MediaType{
		"quay.io/kubermatic/kubermatic:v2.31.0":            types.DockerManifestSchema2,
		"quay.io/kubermatic/kubermatic-ee:v2.31.0":         types.DockerManifestSchema2,
		"quay.io/kubermatic/addons:v2.31.0":                types.DockerManifestSchema2,
		"quay.io/kubermatic/nodeport-proxy:v2.31.0":        types.DockerManifestSchema2,
		"quay.io/kubermatic/etcd-launcher:v2.31.0":         types.DockerManifestSchema2,
		"quay.io/kubermatic/machine-controller:v1.66.2":    types.OCIImageIndex,
		"docker.io/kubermatic/addons:v2.31.0":              types.OCIImageIndex,
		"quay.io/kubermatic/subdirectory/addons:v2.31.0":   types.OCIImageIndex,
		"quay.io/kubermatic-labs/kubermatic-thing:v2.31.0": types.OCIImageIndex,
	} {
		if got := root(generate(t, ref)).MediaType; got != want {
			t.Errorf("%s: media type %s, want %s", ref, got, want)
		}
	}
}

func TestBaseLayersAreShared(t *testing.T) {
	const images = 50
	bases, own := map[v1.Hash]int{}, map[v1.Hash]int{}
	for i := range images {
		image := generate(t, "registry.k8s.io/"+string(rune('a'+i%26))+"/"+string(rune('a'+i/26))+":v1")
		for j, blob := range image.Blobs {
			switch j % 3 {
			case 0:
				bases[blob.Digest]++
				if blob.Size < minBaseSize || blob.Size > maxBaseSize+4096 {
					t.Errorf("base layer of %d bytes", blob.Size)
				}
			case 1:
				own[blob.Digest]++
			}
		}
	}

	if limit := len(distributions()) * len(platforms()); len(bases) > limit {
		t.Errorf("%d base layers, want at most %d", len(bases), limit)
	}
	if len(own) != images*len(platforms()) {
		t.Errorf("%d layers of their own, want %d", len(own), images*len(platforms()))
	}
}

func root(image *Image) Blob {
	return image.Manifests[len(image.Manifests)-1]
}

func TestImagesRunTheWorkload(t *testing.T) {
	program := []byte("a program")
	runs := func(image *Image) (result int) {
		for _, blob := range image.Blobs {
			if bytes.Contains(blob.Content, []byte(`"Entrypoint":["/bin/workload"]`)) {
				result++
			}
		}
		return result
	}
	if got := runs(generateWith(t, program, "quay.io/acme/app:1.0.0")); got != 1 {
		t.Errorf("the image runs on %d platforms, want one: this machine's", got)
	}
	if got := runs(generate(t, "quay.io/acme/app:1.0.0")); got != 0 {
		t.Errorf("without a program, the image runs on %d platforms", got)
	}

	const pinned = "quay.io/acme/app@sha256:426f98fdc8a2c7d7a879eb0da57131e6eec4d239881448f23946216fe801b614"
	if got, want := generateWith(t, program, pinned).Digest(), generate(t, pinned).Digest(); got != want {
		t.Errorf("a program changes the digest of what is asked for by digest: %s, not %s", got, want)
	}
}

func generate(t *testing.T, ref string) *Image {
	t.Helper()
	return generateWith(t, nil, ref)
}

func generateWith(t *testing.T, workload []byte, ref string) *Image {
	t.Helper()
	named, err := reference.ParseNormalizedNamed(ref)
	if err != nil {
		t.Fatal(err)
	}
	generator, err := NewGenerator(workload)
	if err != nil {
		t.Fatal(err)
	}
	image, err := generator.Image(named)
	if err != nil {
		t.Fatal(err)
	}

	return image
}
