package compare

import (
	"cmp"
	"context"

	"golang.org/x/sync/errgroup"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/failure"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/oci"
)

// If only some platforms of an image are copied, the target gets the unchanged index if it
// accepts an index with missing manifests: then the digest, references by digest and
// signatures stay valid. Otherwise it gets an index with only these platforms.

// filtered returns the index of the source with only the wanted platforms.
func (i *Pair) filtered(ctx context.Context) (Goal, error) {
	whole, err := i.whole(ctx)
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

// whole reads the index of the source. Where manifests are kept, the tag is resolved first.
func (i *Pair) whole(ctx context.Context) (oci.Manifest, error) {
	if i.run.Kept == nil {
		return i.Source.Manifest(ctx, cmp.Or(i.pinned(), i.Plan.Source.Tag))
	}
	digest := i.pinned()
	if digest == "" {
		var err error
		if digest, err = i.Source.Resolve(ctx, i.Plan.Source.Tag); err != nil {
			return oci.Manifest{}, err
		}
	}
	return i.manifest(ctx, digest)
}

// holds reports whether the target has the manifests of an index.
func (i *Pair) holds(ctx context.Context, index *oci.Manifest) (bool, error) {
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
