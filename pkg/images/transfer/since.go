package transfer

import (
	"context"
	"strings"

	v1 "github.com/google/go-containerregistry/pkg/v1"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/transfer/archives"
)

// since is what need not be written into an archive, because an earlier one has it.
type since struct {
	archive *archives.Archive
	blobs   map[v1.Hash]string // by digest: an image that has the blob
}

// readSince reads what an archive has.
func readSince(ctx context.Context, a *archives.Archive) (*since, error) {
	s := &since{archive: a, blobs: map[v1.Hash]string{}}
	if base := a.Base(); base != nil { // it was one of what is new itself
		for digest, image := range base.Blobs {
			if hash, err := v1.NewHash(digest); err == nil {
				s.blobs[hash] = image
			}
		}
	}
	for _, desc := range a.Entries() {
		name := desc.Annotations[archives.NameAnnotation]
		ref, err := images.ParseRef(name)
		if err != nil {
			continue // without a name, nobody finds it in a registry
		}
		side := archived{archive: a, ref: ref}
		root, err := side.manifest(ctx, desc.Digest.String())
		if err != nil {
			return nil, err
		}
		tree, err := expand(ctx, root, 1, side.manifest)
		if err != nil {
			return nil, side.wrap("", err)
		}
		for _, blob := range tree.allBlobs() {
			s.blobs[blob.Digest] = ref.String()
		}
	}
	return s, nil
}

// seed tells the moves where a registry has what an archive lacks, if what it is new to
// was copied there with the same mapping.
func (run *run) seed(plan images.Plan) {
	from := run.opts.From
	if from == nil || from.Base() == nil || len(plan.Copies) == 0 {
		return
	}
	first := plan.Copies[0]
	target := images.Target{Registry: first.Target.Registry}
	target.Prefix = strings.Trim(strings.TrimSuffix(first.Target.Repository, first.Source.Repository), "/")
	for digest, image := range from.Base().Blobs {
		ref, err := images.ParseRef(image)
		if err != nil {
			continue
		}
		hash, err := v1.NewHash(digest)
		if err != nil {
			continue
		}
		at, err := run.r.target(target.Ref(ref))
		if err != nil {
			continue
		}
		run.moves.known(hosted{endpoint: at, run: run}, []v1.Descriptor{{Digest: hash}})
	}
}

// lacking is the error for a blob that is neither in the archive nor in the registry.
func lacking(a *archives.Archive, err error) error {
	base := a.Base()
	if base == nil {
		return err
	}
	return &refusalError{
		class:  images.ClassNotFound,
		msg:    "the archive holds only what is new since " + base.Name + ", and the registry lacks it",
		remedy: "copy " + base.Name + " into the registry first, then run the same command again",
	}
}
