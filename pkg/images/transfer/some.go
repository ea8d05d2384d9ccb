package transfer

import (
	"cmp"
	"context"

	"golang.org/x/sync/errgroup"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images"
)

// Of an image with some of its platforms, the target gets the index as it is, if it takes
// an index that refers to what is not there: then the digest stays what it is, and so do
// references to it and signatures. Otherwise it gets an index without the others.

// filtered reads the source and leaves out the platforms that are not wanted.
func (j *job) filtered(ctx context.Context) (goal, error) {
	whole, err := j.source.manifest(ctx, cmp.Or(j.pinned(), j.plan.Source.Tag))
	if err != nil {
		return goal{}, err
	}
	kept, err := whole.only(j.run.opts.Platforms)
	if err != nil {
		return goal{}, j.source.wrap("", err)
	}
	g := goal{digest: kept.digest, root: &kept}
	if kept.digest != whole.digest {
		g.whole = &whole
	}
	return g, nil
}

// holds tells whether the target has the manifests of an index.
func (j *job) holds(ctx context.Context, index *manifest) (bool, error) {
	group, ctx := errgroup.WithContext(ctx)
	entries := index.entries()
	there := make([]bool, len(entries))
	for i, desc := range entries {
		group.Go(func() error {
			_, err := j.target.digest(ctx, desc.Digest.String())
			if isAbsent(err) {
				return nil
			}
			there[i] = err == nil
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

// commitSome writes the index of an image of which some platforms are left out, and
// returns its digest.
func (j *job) commitSome(ctx context.Context, tree *node, goal goal) (string, error) {
	traits, tag := j.run.traits(j.target.pool()), j.plan.Target.PushTag()
	if traits.get(&traits.sparse) != no {
		_, err := j.target.put(ctx, *goal.whole, tag)
		if !isRefusal(err) {
			j.tracker.note("some of its platforms were left out; its digest is unchanged")
			return goal.whole.digest, err
		}
		traits.set(&traits.sparse, no)
	}
	if j.plan.Source.Digest != "" && !j.run.opts.AllowDigestChange {
		return "", j.source.wrap("", &refusalError{
			class:  images.ClassPolicy,
			msg:    "it is referred to by digest, and without some of its platforms the digest would change",
			remedy: "copy all of its platforms, or allow it with --allow-digest-change",
		})
	}
	j.tracker.note("some of its platforms were left out, which changes its digest from " + goal.whole.digest)
	_, err := j.target.put(ctx, tree.manifest, tag)
	return goal.digest, err
}
