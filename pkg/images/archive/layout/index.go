package layout

import (
	"encoding/json"
	"fmt"

	v1 "github.com/google/go-containerregistry/pkg/v1"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/bounded"
)

// Limits of an index (docs/adr/0064).
const (
	maxIndex   = 32 << 20 // bytes; enough for 75,000 images
	maxEntries = 100_000  // images and referrers
)

// parseIndex parses an index entry by entry. Each entry must have a valid digest and size.
func parseIndex(data []byte) (v1.IndexManifest, error) {
	var index struct {
		v1.IndexManifest
		Manifests json.RawMessage `json:"manifests"`
	}
	if err := json.Unmarshal(data, &index); err != nil {
		return v1.IndexManifest{}, err
	}
	err := bounded.Elements(index.Manifests, maxEntries, func(desc v1.Descriptor) error {
		if err := checkDigest(desc.Digest); err != nil {
			return err
		}
		index.IndexManifest.Manifests = append(index.IndexManifest.Manifests, desc)
		return checkSize(desc.Size)
	})
	return index.IndexManifest, err
}

// checkDigest returns an error for an invalid digest, such as an empty one.
func checkDigest(digest v1.Hash) error {
	if _, err := v1.NewHash(digest.String()); err != nil {
		return fmt.Errorf("%q is not a digest: %w", digest.String(), err)
	}
	return nil
}

func checkSize(size int64) error {
	if size < 0 {
		return fmt.Errorf("a size of %d bytes is not valid", size)
	}
	return nil
}
