package registrytest

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/types"
)

// Layer is a blob with its digest.
type Layer struct {
	Digest v1.Hash
	Content
}

// NewLayer returns a layer of generated content.
func NewLayer(seed uint64, size int64) (Layer, error) {
	c := Generated(seed, size)
	digest, err := Describe(c)
	return Layer{Digest: digest, Content: c}, err
}

// AddImage adds a multi-platform image with generated configurations to a repository, and
// returns its digest.
func (r *Registry) AddImage(name, tag string, layers map[string][]Layer) (v1.Hash, error) {
	index := v1.IndexManifest{SchemaVersion: 2, MediaType: types.OCIImageIndex}
	for _, arch := range slices.Sorted(maps.Keys(layers)) {
		raw, err := r.addPlatform(name, arch, layers[arch])
		if err != nil {
			return v1.Hash{}, err
		}
		digest := r.AddManifest(name, "", Manifest{MediaType: string(types.OCIManifestSchema1), Raw: raw})
		index.Manifests = append(index.Manifests, v1.Descriptor{
			MediaType: types.OCIManifestSchema1, Digest: digest, Size: int64(len(raw)), Platform: &v1.Platform{OS: "linux", Architecture: arch},
		})
	}
	raw, err := json.Marshal(index)
	if err != nil {
		return v1.Hash{}, err
	}
	return r.AddManifest(name, tag, Manifest{MediaType: string(types.OCIImageIndex), Raw: raw}), nil
}

// addPlatform adds the blobs of a single-platform image to a repository, and returns the
// manifest.
func (r *Registry) addPlatform(name, arch string, layers []Layer) ([]byte, error) {
	ids := make([]string, 0, len(layers))
	for _, l := range layers {
		ids = append(ids, l.Digest.String())
	}
	config, err := json.Marshal(map[string]any{
		"os": "linux", "architecture": arch, "created": "2026-10-01T09:00:00Z",
		"config": map[string]any{"Labels": map[string]string{
			"name": name, "org.opencontainers.image.licenses": "Apache-2.0", "org.opencontainers.image.source": "https://git.example/" + name,
		}},
		"rootfs": map[string]any{"type": "layers", "diff_ids": ids},
	})
	if err != nil {
		return nil, err
	}
	digest, err := Describe(Bytes(config))
	if err != nil {
		return nil, err
	}
	r.AddBlob(name, digest, Bytes(config))
	m := v1.Manifest{
		SchemaVersion: 2, MediaType: types.OCIManifestSchema1,
		Config: v1.Descriptor{MediaType: types.OCIConfigJSON, Digest: digest, Size: int64(len(config))},
	}
	for _, l := range layers {
		r.AddBlob(name, l.Digest, l.Content)
		m.Layers = append(m.Layers, v1.Descriptor{MediaType: types.OCILayer, Digest: l.Digest, Size: l.Size})
	}
	return json.Marshal(m)
}

// Fleet describes the images of a typical installation: many repositories whose images
// share a few base images.
type Fleet struct {
	Repositories int
	Tags         int // for each repository; 0 means 1
	Bases        int
	BaseSize     int64 // of each of the two layers of a base
	OwnSize      int64 // of the layer that belongs to one image
	Seed         uint64
	Changed      int // number of repositories, from the first, with changed own layers
}

// Add adds the fleet to a registry, as team/app-<n>:v<tag> for two platforms each. It
// returns the references without the registry, and the layers with their sizes.
func (f Fleet) Add(r *Registry) (refs []string, unique map[v1.Hash]int64, err error) {
	unique = map[v1.Hash]int64{}
	made := maker{}
	for i := range f.Repositories {
		for tag := range max(1, f.Tags) {
			layers := map[string][]Layer{}
			for p, arch := range []string{"amd64", "arm64"} {
				if layers[arch], err = f.layers(made, i, tag, p); err != nil {
					return nil, nil, err
				}
				for _, l := range layers[arch] {
					unique[l.Digest] = l.Size
				}
			}
			name := fmt.Sprintf("team/app-%03d", i)
			if _, err := r.AddImage(name, fmt.Sprintf("v%d", tag), layers); err != nil {
				return nil, nil, err
			}
			refs = append(refs, fmt.Sprintf("%s:v%d", name, tag))
		}
	}
	return refs, unique, nil
}

func (f Fleet) layers(made maker, i, tag, platform int) ([]Layer, error) {
	var layers []Layer
	if f.Bases > 0 {
		for k := range 2 {
			l, err := made.layer(f.Seed+uint64(1+(i%f.Bases)*4+platform*2+k), f.BaseSize)
			if err != nil {
				return nil, err
			}
			layers = append(layers, l)
		}
	}
	own := f.Seed + 1_000_000 + uint64(i*1000+tag*2+platform)
	if i < f.Changed {
		own += 1 << 40
	}
	l, err := made.layer(own, f.OwnSize)
	return append(layers, l), err
}

// maker caches layers, because hashing takes time.
type maker map[uint64]Layer

func (m maker) layer(seed uint64, size int64) (Layer, error) {
	if l, ok := m[seed]; ok {
		return l, nil
	}
	l, err := NewLayer(seed, size)
	m[seed] = l
	return l, err
}
