package transfer

import (
	"context"

	"golang.org/x/sync/errgroup"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/failure"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/oci"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/transfer/blobs"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/transfer/compare"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/transfer/progress"
)

// imageCopy is the copy of one image.
type imageCopy struct {
	*compare.Pair
	run      *run
	rank     int // in the plan
	progress *progress.Tracker
	blobs    *blobs.Set
}

// open opens source and target of the image.
func (i *imageCopy) open(c images.Copy) error {
	from, to, err := i.run.open(c, i.progress)
	i.Pair = i.run.compare.Pair(c, from, to, i.progress)
	i.blobs = blobs.NewSet(from, to, i.rank, i.progress)
	return err
}

// copy makes the target equal to the source. It returns the outcome and the digest at the
// target.
func (i *imageCopy) copy(ctx context.Context, planning *blobs.Planning) (images.Outcome, string, error) {
	goal, there, err := i.Compare(ctx)
	if err != nil {
		return "", "", err
	}
	if i.run.opts.dry != nil {
		i.run.opts.dry.compared(i.rank, goal.SourceDigest())
	}
	if i.run.opts.repair != nil {
		there = ""
	}
	if there == "" {
		i.run.pulls.wants(i, goal.Digest)
	}
	planning.Compared(i.blobs, there)
	if there != "" {
		return images.Present, there, nil
	}
	if err := i.run.pulls.admit(ctx, i, goal.Digest); err != nil {
		return "", "", err
	}
	tree, err := i.Read(ctx, goal.Digest, goal.Root)
	if err != nil {
		return "", "", err
	}
	if err := i.repair(ctx, tree); err != nil {
		return "", "", err
	}
	if i.run.opts.dry != nil {
		i.run.opts.dry.resolved(i.rank, partsOf(tree, nil))
	}
	i.blobs.From(i.Source)
	needs := i.needs(tree)
	planning.Resolved(i.blobs)
	referrers, err := i.referrers(ctx, tree)
	if err != nil {
		return "", "", err
	}
	for _, r := range referrers {
		needs = append(needs, i.needs(r.tree)...)
	}
	if err := blobs.Await(ctx, needs); err != nil {
		return "", "", err
	}
	i.progress.Remark(len(referrers), tree.Foreign())
	digest, err := i.commit(ctx, tree, referrers, goal)
	return images.Copied, digest, err
}

// needs registers the blobs that the image needs.
func (i *imageCopy) needs(tree *oci.Node) []*blobs.Need {
	var needs []*blobs.Need
	for _, desc := range tree.AllBlobs() {
		needs = append(needs, i.run.blobs.Need(i.blobs, desc))
	}
	return needs
}

// commit writes the manifests of the image and of its referrers: a manifest after its
// children, and the image after its referrers. Only the root manifest gets a tag, at the
// end. commit returns the root's digest.
func (i *imageCopy) commit(ctx context.Context, tree *oci.Node, referrers []referrer, goal compare.Goal) (string, error) {
	if err := i.commitChildren(ctx, tree); err != nil {
		return "", err
	}
	if err := i.putReferrers(ctx, referrers); err != nil {
		return "", err
	}
	if goal.Unfiltered != nil {
		return i.commitSome(ctx, tree, goal)
	}
	_, err := i.Target.PutManifest(ctx, tree.Manifest, i.Plan.Target.PushTag())
	return goal.Digest, err
}

func (i *imageCopy) commitChildren(ctx context.Context, tree *oci.Node) error {
	group, ctx := errgroup.WithContext(ctx)
	for _, child := range tree.Children {
		group.Go(func() error {
			_, err := i.run.writes.Do(ctx, i.Target.Location().Name+"@"+child.Digest, func() (struct{}, error) {
				if err := i.commitChildren(ctx, child); err != nil {
					return struct{}{}, err
				}
				_, err := i.Target.PutManifest(ctx, child.Manifest, "")
				return struct{}{}, err
			})
			return err
		})
	}
	return group.Wait()
}

// commitSome writes the index of an image without some of its platforms, and returns its
// digest.
func (i *imageCopy) commitSome(ctx context.Context, tree *oci.Node, goal compare.Goal) (string, error) {
	can, tag := i.run.registries.Capabilities(i.Target.Location().Registry), i.Plan.Target.PushTag()
	if can.TakesSparse() {
		_, err := i.Target.PutManifest(ctx, *goal.Unfiltered, tag)
		if !failure.IsRefusal(err) {
			i.progress.Note("some platforms were left out; the digest is unchanged")
			return goal.Unfiltered.Digest, err
		}
		can.RefusesSparse()
	}
	if i.Plan.Source.Digest != "" && !i.run.opts.AllowDigestChange {
		return "", i.Source.Location().Wrap("", &failure.RejectedError{
			As:     images.ClassPolicy,
			Msg:    "the image is referred to by digest, and leaving out platforms would change the digest",
			Advice: "copy all platforms, or allow the change with --allow-digest-change",
		})
	}
	i.progress.Note("some platforms were left out, which changes the digest from " + goal.Unfiltered.Digest)
	_, err := i.Target.PutManifest(ctx, tree.Manifest, tag)
	return goal.Digest, err
}
