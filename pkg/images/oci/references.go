package oci

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"

	v1 "github.com/google/go-containerregistry/pkg/v1"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/bounded"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/failure"
)

// Limits for the content of an image (docs/adr/0064).
const (
	Limit        = 4 << 20  // bytes of a manifest; registries accept no larger ones
	Deepest      = 8        // levels of nested indexes
	maxManifests = 1000     // of an image
	maxBytes     = 16 << 20 // of all manifests of an image
	maxListed    = 10_000   // layers of a manifest, or entries of an index
)

// Read reads a manifest. A manifest larger than Limit is a *failure.RejectedError.
func Read(from io.Reader) ([]byte, error) {
	raw, err := bounded.ReadAll(from, Limit)
	var exceeded *bounded.ExceededError
	if errors.As(err, &exceeded) {
		return nil, refusal("the manifest is %v", exceeded)
	}
	return raw, err
}

func refusal(format string, args ...any) error {
	return &failure.RejectedError{As: images.ClassPolicy, Msg: fmt.Sprintf(format, args...), Advice: "check that it is a container image"}
}

// Descriptors is a list in a manifest or an index. Each descriptor has a valid digest.
// Decoding stops at the maximum number.
type Descriptors []v1.Descriptor

// UnmarshalJSON implements json.Unmarshaler.
func (d *Descriptors) UnmarshalJSON(data []byte) error {
	var list Descriptors
	err := bounded.Elements(data, maxListed, func(desc v1.Descriptor) error {
		list = append(list, desc)
		return Check(desc)
	})
	*d = list
	return err
}

// Check returns an error for a descriptor without a digest or with a negative size.
func Check(desc v1.Descriptor) error {
	if desc.Digest == (v1.Hash{}) {
		return errors.New("an entry has no digest")
	}
	if desc.Size < 0 {
		return fmt.Errorf("the size of %s is %d", desc.Digest, desc.Size)
	}
	return nil
}

// References are the descriptors in a manifest or an index.
type References struct {
	Manifests Descriptors    `json:"manifests"`
	Config    *v1.Descriptor `json:"config"`
	Layers    Descriptors    `json:"layers"`
	Subject   *v1.Descriptor `json:"subject"`
}

// References returns the descriptors in a manifest. The error is a *failure.RejectedError
// if the manifest is not valid.
func (m Manifest) References() (References, error) {
	var refs References
	if err := json.Unmarshal(m.Raw, &refs); err != nil {
		return References{}, refusal("the manifest is not valid: %v", err)
	}
	for _, desc := range []*v1.Descriptor{refs.Config, refs.Subject} {
		if desc == nil {
			continue
		}
		if err := Check(*desc); err != nil {
			return References{}, refusal("the manifest is not valid: %v", err)
		}
	}
	return refs, nil
}

// Children returns the manifests and indexes of an index, each once.
func (r References) Children() []v1.Descriptor {
	return Unique(slices.DeleteFunc(slices.Clone(r.Manifests), func(d v1.Descriptor) bool { return !isManifest(d) }))
}

// Blobs returns the blobs that a manifest needs in its repository. Non-distributable layers
// are not included. Blobs of an index are included, because some build caches list blobs in
// an index.
func (r References) Blobs() []v1.Descriptor {
	var blobs []v1.Descriptor
	if r.Config != nil {
		blobs = append(blobs, *r.Config)
	}
	for _, d := range slices.Concat(r.Layers, r.Manifests) {
		if !isManifest(d) && d.MediaType.IsDistributable() {
			blobs = append(blobs, d)
		}
	}
	return blobs
}

// nondistributable returns the number of non-distributable layers.
func (r References) nondistributable() int {
	count := 0
	for _, d := range r.Layers {
		if !d.MediaType.IsDistributable() {
			count++
		}
	}
	return count
}

func isManifest(d v1.Descriptor) bool { return d.MediaType.IsIndex() || d.MediaType.IsImage() }

// Unique removes duplicates.
func Unique(descs []v1.Descriptor) []v1.Descriptor {
	seen := map[v1.Hash]bool{}
	return slices.DeleteFunc(descs, func(d v1.Descriptor) bool {
		known := seen[d.Digest]
		seen[d.Digest] = true
		return known
	})
}
