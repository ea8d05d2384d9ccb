package images

import (
	"cmp"
	"maps"
	"math"
	"slices"
	"strings"
)

// Content describes the content of an image: its sizes, and what its author says about it.
type Content struct {
	// Bytes is the compressed size of the platforms in scope: configs and layers, each once.
	Bytes int64 `json:"bytes"`
	// AllBytes is the compressed size of all platforms, if some are not in scope.
	AllBytes  int64      `json:"allBytes,omitempty"`
	Platforms []Part     `json:"platforms,omitempty"`
	Created   string     `json:"created,omitempty"`  // time of the build, in RFC 3339
	Licenses  string     `json:"licenses,omitempty"` // annotation or label org.opencontainers.image.licenses
	Origin    string     `json:"source,omitempty"`   // annotation or label org.opencontainers.image.source
	Referrers []Referrer `json:"referrers,omitempty"`
}

// Part is the content of one platform of an image.
type Part struct {
	Platform string `json:"platform,omitempty"` // such as linux/arm64/v8; "" if unknown
	Bytes    int64  `json:"bytes"`              // compressed size
	Left     bool   `json:"left,omitempty"`     // not in scope: the platform is left out
	Blobs    []Blob `json:"-"`                  // configs and layers, each once
}

// Blob is a config or layer.
type Blob struct {
	Digest string
	Bytes  int64
}

// Referrer is a signature, an SBOM, an attestation or another manifest that refers to an image.
type Referrer struct {
	Type   string `json:"type"` // signature, attestation, sbom, or the artifact type
	Digest string `json:"digest"`
}

// NewContent returns the content of an image with parts.
func NewContent(parts []Part) *Content {
	c := &Content{}
	var scope, all []Blob
	for _, part := range parts {
		part.Bytes = Once(part.Blobs)
		c.Platforms = append(c.Platforms, part)
		all = append(all, part.Blobs...)
		if !part.Left {
			scope = append(scope, part.Blobs...)
		}
	}
	c.Bytes = Once(scope)
	if bytes := Once(all); len(scope) < len(all) {
		c.AllBytes = bytes
	}
	return c
}

// Once returns the size of blobs, each counted once.
func Once(blobs []Blob) int64 {
	seen := map[string]bool{}
	var sum int64
	for _, blob := range blobs {
		if !seen[blob.Digest] {
			seen[blob.Digest] = true
			sum = Add(sum, blob.Bytes)
		}
	}
	return sum
}

// Add adds two sizes. Sizes come from manifests, whose authors may write any number: the sum is at
// most the largest number.
func Add(a, b int64) int64 {
	if a > math.MaxInt64-b {
		return math.MaxInt64
	}
	return a + b
}

// Totals are the sizes of a list of images. A blob that images share counts once.
type Totals struct {
	Images     int     `json:"images"`             // whose sizes are known
	Bytes      int64   `json:"bytes"`              // compressed size of the platforms in scope, each blob once
	Sum        int64   `json:"sum"`                // with shared blobs counted for each image
	AllBytes   int64   `json:"allBytes,omitempty"` // of all platforms, each blob once, if some are not in scope
	Platforms  []Share `json:"platforms,omitempty"`
	Sources    []Share `json:"sources,omitempty"`
	Registries []Share `json:"registries,omitempty"`
}

// Share is the part of a total that a platform, a source or a registry needs.
type Share struct {
	Name   string `json:"name"`
	Images int    `json:"images"`
	Bytes  int64  `json:"bytes"` // each blob once
	Alone  int64  `json:"alone"` // of blobs that no other share needs: what leaving it out saves
}

// Use says that an image uses blobs for something with a name.
type Use struct {
	Name  string
	Image int
	Blobs []Blob
}

// Shares returns the shares of all names, the largest first.
func Shares(uses []Use) []Share {
	names, sizes := map[string]map[string]bool{}, map[string]int64{}
	imagesOf := map[string]map[int]bool{}
	for _, use := range uses {
		if imagesOf[use.Name] == nil {
			imagesOf[use.Name] = map[int]bool{}
		}
		imagesOf[use.Name][use.Image] = true
		for _, blob := range use.Blobs {
			if names[blob.Digest] == nil {
				names[blob.Digest] = map[string]bool{}
			}
			names[blob.Digest][use.Name] = true
			sizes[blob.Digest] = blob.Bytes
		}
	}
	shares := map[string]*Share{}
	for name, of := range imagesOf {
		shares[name] = &Share{Name: name, Images: len(of)}
	}
	for digest, of := range names {
		for name := range of {
			shares[name].Bytes = Add(shares[name].Bytes, sizes[digest])
			if len(of) == 1 {
				shares[name].Alone = Add(shares[name].Alone, sizes[digest])
			}
		}
	}
	var sorted []Share
	for _, name := range slices.Sorted(maps.Keys(shares)) {
		sorted = append(sorted, *shares[name])
	}
	slices.SortStableFunc(sorted, func(a, b Share) int { return cmp.Compare(b.Bytes, a.Bytes) })
	return sorted
}

// Totals returns the sizes of the images, or nil if no size is known.
func (inv Inventory) Totals() *Totals {
	t := &Totals{}
	var scope, all []Blob
	var platforms, sources, registries []Use
	for i, img := range inv.Images {
		if img.Content == nil {
			continue
		}
		t.Images++
		t.Sum = Add(t.Sum, img.Content.Bytes)
		for _, part := range img.Content.Platforms {
			all = append(all, part.Blobs...)
			platforms = append(platforms, Use{Name: PlatformName(part.Platform), Image: i, Blobs: part.Blobs})
			if part.Left {
				continue
			}
			scope = append(scope, part.Blobs...)
			registries = append(registries, Use{Name: img.Ref.Registry, Image: i, Blobs: part.Blobs})
			for _, source := range img.Sources() {
				sources = append(sources, Use{Name: source, Image: i, Blobs: part.Blobs})
			}
		}
	}
	if t.Images == 0 {
		return nil
	}
	t.Bytes = Once(scope)
	if len(scope) < len(all) {
		t.AllBytes = Once(all)
	}
	t.Platforms, t.Sources, t.Registries = Shares(platforms), Shares(sources), Shares(registries)
	return t
}

// PlatformName is the name of a platform in a list of shares.
func PlatformName(platform string) string { return cmp.Or(platform, "any") }

// Sources returns the sources of the image, each once.
func (img Image) Sources() []string {
	var sources []string
	for _, reason := range img.Reasons {
		sources = append(sources, reason.Source)
	}
	return sortedSet(sources, strings.Compare)
}
