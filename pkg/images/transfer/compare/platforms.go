package compare

import (
	"cmp"
	"context"

	"golang.org/x/sync/errgroup"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/failure"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/oci"
)

// Of an image with some of its platforms, the target gets the index as it is, if it takes
// an index that refers to what is not there: then the digest stays what it is, and so do
// references to it and signatures. Otherwise it gets an index without the others.

// filtered reads the source and leaves out the platforms that are not wanted.
func (i *Image) filtered(ctx context.Context) (Goal, error) {
	whole, err := i.Source.Manifest(ctx, cmp.Or(i.pinned(), i.Plan.Source.Tag))
	if err != nil {
		return Goal{}, err
	}
	kept, err := whole.Only(i.run.Platforms)
	if err != nil {
		return Goal{}, i.Source.Location().Wrap("", err)
	}
	g := Goal{Digest: kept.Digest, Root: &kept}
	if kept.Digest != whole.Digest {
		g.Unfiltered = &whole
	}
	return g, nil
}

// holds tells whether the target has the manifests of an index.
func (i *Image) holds(ctx context.Context, index *oci.Manifest) (bool, error) {
	group, ctx := errgroup.WithContext(ctx)
	entries := index.Entries()
	there := make([]bool, len(entries))
	for at, desc := range entries {
		group.Go(func() error {
			_, err := i.Target.Resolve(ctx, desc.Digest.String())
			if failure.IsNotFound(err) {
				return nil
			}
			there[at] = err == nil
			return err
		})
	}
	err := group.Wait()
	for _, ok := range there {
		if !ok {
			return false, err
		}
	}
	return true, err
}
