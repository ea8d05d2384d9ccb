package dockerarchive

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/types"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/bounded"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/compression"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/failure"
)

// Limits of a docker-archive (docs/adr/0064).
const (
	maxList   = 16 << 20 // bytes of manifest.json
	maxImages = 50_000   // in manifest.json
	maxConfig = 4 << 20  // bytes of a configuration; the limit of registries, too
	maxLayers = 1000     // of an image; Docker allows 127
	maxMade   = 32 << 20 // bytes of all generated manifests
)

// lostDigest is the tag that crane, and therefore kubermatic-installer, writes for an image
// that was requested by digest.
const lostDigest = "i-was-a-digest"

// reader creates images from the members. It reads shared content once.
type reader struct {
	archive *Archive
	members members
	configs map[string]config  // by member
	layers  map[string]layer   // by member
	named   map[string]v1.Hash // by full reference
	made    int                // bytes of manifests
}

// entry is an image in manifest.json.
type entry struct {
	Config       string
	RepoTags     []string
	Layers       []string
	LayerSources map[string]v1.Descriptor // by diff ID: non-distributable layers
}

// config has the fields of a configuration that this package needs.
type config struct {
	v1.Platform
	RootFS struct {
		DiffIDs []v1.Hash `json:"diff_ids"`
	} `json:"rootfs"`

	descriptor v1.Descriptor
}

func (r *reader) entries() ([]entry, error) {
	p, err := r.members.file(ManifestFile)
	if err != nil {
		return nil, err
	}
	data, err := r.read(p, maxList)
	if err != nil {
		return nil, err
	}
	var entries []entry
	err = bounded.Elements(data, maxImages, func(e entry) error {
		entries = append(entries, e)
		if len(e.Layers) > maxLayers {
			return fmt.Errorf("an image has more than %d layers", maxLayers)
		}
		return nil
	})
	if err != nil {
		return nil, &failure.DamagedError{Member: ManifestFile, Reason: "is not valid: " + err.Error()}
	}
	return entries, nil
}

// read returns the content of a small member.
func (r *reader) read(p place, limit int64) ([]byte, error) {
	data, err := bounded.ReadAll(io.NewSectionReader(r.archive.file, p.at, p.size), limit)
	var exceeded *bounded.ExceededError
	switch {
	case errors.As(err, &exceeded):
		return nil, fmt.Errorf("member %s is %w", p.member, exceeded)
	case err == nil && int64(len(data)) < p.size:
		err = io.ErrUnexpectedEOF
	}
	if err != nil {
		return nil, &failure.DamagedError{Member: p.member, Reason: "cannot be read: " + err.Error()}
	}
	return data, nil
}

// image creates the image of an entry, and lists it under each of its names.
func (r *reader) image(ctx context.Context, e entry) error {
	names := r.names(e)
	if len(names) == 0 {
		return nil
	}
	cfg, err := r.config(e.Config)
	if err != nil {
		return err
	}
	if len(cfg.RootFS.DiffIDs) == 0 && len(e.Layers) > 0 {
		for _, name := range names {
			r.archive.leaveOut(name, "the member is not a container image but another artifact, such as a chart, and a docker-archive keeps no media types; copy the artifact from its registry")
		}
		return nil
	}
	if len(cfg.RootFS.DiffIDs) != len(e.Layers) {
		return &failure.DamagedError{Member: e.Config, Reason: fmt.Sprintf("has %d layers, but %s lists %d", len(cfg.RootFS.DiffIDs), ManifestFile, len(e.Layers))}
	}
	layers := make([]layer, len(e.Layers))
	for i, name := range e.Layers {
		if layers[i], err = r.layerOf(ctx, e, name, cfg.RootFS.DiffIDs[i]); err != nil {
			return err
		}
	}
	desc, err := r.manifest(cfg, layers)
	if err != nil {
		return err
	}
	for _, name := range names {
		if err := r.list(name, desc); err != nil {
			return err
		}
	}
	return nil
}

// names returns the valid full references of an entry.
func (r *reader) names(e entry) []string {
	if len(e.RepoTags) == 0 {
		r.archive.leaveOut(e.Config, "the image has no name")
	}
	var names []string
	for _, tag := range e.RepoTags {
		ref, err := images.ParseRef(tag)
		switch {
		case err != nil:
			r.archive.leaveOut(tag, "the name is not valid: %v", err)
		case ref.Tag == lostDigest:
			r.archive.leaveOut(ref.Name(), "the image was saved by digest, which a docker-archive does not keep; copy the image from its registry")
		default:
			names = append(names, ref.String())
		}
	}
	return names
}

func (r *reader) config(name string) (config, error) {
	p, err := r.members.file(name)
	if err != nil {
		return config{}, err
	}
	if known, ok := r.configs[p.member]; ok {
		return known, nil
	}
	data, err := r.read(p, maxConfig)
	if err != nil {
		return config{}, err
	}
	digest, size, err := v1.SHA256(bytes.NewReader(data))
	if err != nil {
		return config{}, err
	}
	if want, ok := digestIn(p.member); ok && want != digest {
		return config{}, &failure.DamagedError{Member: p.member, Reason: "has the digest " + digest.String() + ", not the one in its name"}
	}
	var c config
	if err := json.Unmarshal(data, &c); err != nil {
		return config{}, &failure.DamagedError{Member: p.member, Reason: "is not valid: " + err.Error()}
	}
	if slices.Contains(c.RootFS.DiffIDs, v1.Hash{}) {
		return config{}, &failure.DamagedError{Member: p.member, Reason: "is not valid: a layer has no digest"}
	}
	c.descriptor = v1.Descriptor{Digest: digest, Size: size}
	r.configs[p.member] = c
	r.archive.blobs[digest] = content{place: p}
	return c, nil
}

// layerOf returns a layer, which may be non-distributable.
func (r *reader) layerOf(ctx context.Context, e entry, name string, diffID v1.Hash) (layer, error) {
	l, err := r.layer(ctx, name, diffID)
	var damaged *failure.DamagedError
	if !errors.As(err, &damaged) || !damaged.Missing {
		return l, err
	}
	if desc, ok := e.LayerSources[diffID.String()]; ok && desc.Digest != (v1.Hash{}) && !desc.MediaType.IsDistributable() {
		return layer{remote: &desc}, nil
	}
	return l, err
}

// manifest generates a manifest of Docker schema 2, or an OCI manifest if a layer is
// compressed with zstd, because Docker has no media type for that.
func (r *reader) manifest(c config, layers []layer) (v1.Descriptor, error) {
	mediaTypes := dockerTypes()
	for _, l := range layers {
		if l.format == compression.Zstd {
			mediaTypes = ociTypes()
		}
	}
	m := v1.Manifest{SchemaVersion: 2, MediaType: mediaTypes.manifest, Config: c.descriptor, Layers: []v1.Descriptor{}}
	m.Config.MediaType = mediaTypes.config
	for _, l := range layers {
		if l.remote != nil {
			m.Layers = append(m.Layers, *l.remote)
			continue
		}
		m.Layers = append(m.Layers, v1.Descriptor{MediaType: mediaTypes.layers[l.format], Digest: l.digest, Size: l.size})
	}
	raw, err := json.Marshal(m)
	if err != nil {
		return v1.Descriptor{}, err
	}
	digest, size, err := v1.SHA256(bytes.NewReader(raw))
	if !r.archive.Has(digest) {
		r.made += len(raw)
	}
	if r.made > maxMade {
		return v1.Descriptor{}, fmt.Errorf("the manifests of the images would be larger than %d MiB: the file is not an archive of images", maxMade>>20)
	}
	r.archive.blobs[digest] = content{made: raw}
	return v1.Descriptor{MediaType: m.MediaType, Digest: digest, Size: size, Platform: &c.Platform}, err
}

// list lists an image under a name. Two images must not have one name.
func (r *reader) list(name string, desc v1.Descriptor) error {
	if other, ok := r.named[name]; ok {
		if other != desc.Digest {
			return fmt.Errorf("the archive has two images with the name %s and different content: save only one of them", name)
		}
		return nil
	}
	r.named[name] = desc.Digest
	r.archive.name(Entry{Name: name, Descriptor: desc})
	return nil
}

// mediaTypes are the media types of the parts of an image.
type mediaTypes struct {
	manifest, config types.MediaType
	layers           map[compression.Format]types.MediaType
}

func dockerTypes() mediaTypes {
	return mediaTypes{
		manifest: types.DockerManifestSchema2, config: types.DockerConfigJSON,
		layers: map[compression.Format]types.MediaType{compression.None: types.DockerUncompressedLayer, compression.Gzip: types.DockerLayer},
	}
}

func ociTypes() mediaTypes {
	return mediaTypes{
		manifest: types.OCIManifestSchema1, config: types.OCIConfigJSON,
		layers: map[compression.Format]types.MediaType{compression.None: types.OCIUncompressedLayer, compression.Gzip: types.OCILayer, compression.Zstd: types.OCILayerZStd},
	}
}
