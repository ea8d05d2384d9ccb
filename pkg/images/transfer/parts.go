package transfer

import (
	"slices"

	v1 "github.com/google/go-containerregistry/pkg/v1"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/oci"
)

// partsOf returns the platforms of an image with their blobs. platforms are those in scope; none:
// all. An image that is not an index is one part, which is always in scope.
func partsOf(tree *oci.Node, platforms []v1.Platform) []images.Part {
	if len(tree.Children) == 0 {
		return []images.Part{{Blobs: blobsOf(tree)}}
	}
	var parts []images.Part
	for i, entry := range tree.Entries() {
		part := images.Part{Platform: platformOf(entry), Blobs: blobsOf(tree.Children[i])}
		part.Left = len(platforms) > 0 && !slices.ContainsFunc(platforms, func(wanted v1.Platform) bool {
			return entry.Platform != nil && oci.Matches(*entry.Platform, wanted)
		})
		parts = append(parts, part)
	}
	return parts
}

// platformOf names the platform of an entry. Attestations of builders have the platform unknown.
func platformOf(entry v1.Descriptor) string {
	if entry.Platform == nil || entry.Platform.OS == "unknown" {
		return ""
	}
	return note(entry.Platform.String())
}

func blobsOf(tree *oci.Node) []images.Blob {
	var blobs []images.Blob
	for _, desc := range tree.AllBlobs() {
		blobs = append(blobs, images.Blob{Digest: desc.Digest.String(), Bytes: desc.Size})
	}
	return blobs
}
