package archive

import (
	"context"

	v1 "github.com/google/go-containerregistry/pkg/v1"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/archive/layout"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/failure"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/oci"
)

// Since is the content of an earlier archive, which need not be written again.
type Since struct {
	archive *layout.Archive
	blobs   map[v1.Hash]string // by digest: an image with the blob
}

// ReadSince reads the content of an archive.
func ReadSince(ctx context.Context, a *layout.Archive) (*Since, error) {
	s := &Since{archive: a, blobs: map[v1.Hash]string{}}
	if base := a.Base(); base != nil { // the earlier archive is a delta archive itself
		for digest, image := range base.Blobs {
			if hash, err := v1.NewHash(digest); err == nil {
				s.blobs[hash] = image
			}
		}
	}
	for _, desc := range a.Entries() {
		name := desc.Annotations[layout.NameAnnotation]
		ref, err := images.ParseRef(name)
		if err != nil {
			continue // a registry cannot be asked for it
		}
		image := Source(a, ref)
		root, err := image.Manifest(ctx, desc.Digest.String())
		if err != nil {
			return nil, err
		}
		tree, err := oci.Expand(ctx, root, image.Manifest)
		if err != nil {
			return nil, image.wrap("", err)
		}
		for _, blob := range tree.AllBlobs() {
			s.blobs[blob.Digest] = ref.String()
		}
	}
	return s, nil
}

// lacking returns the error for a blob that neither the archive nor the registry has.
func lacking(a *layout.Archive, err error) error {
	base := a.Base()
	if base == nil {
		return err
	}
	return &failure.RejectedError{
		As:     images.ClassNotFound,
		Msg:    "the archive has only content that is new since " + base.Name + ", and the registry lacks it",
		Advice: "copy " + base.Name + " into the registry first, then run the same command again",
	}
}
