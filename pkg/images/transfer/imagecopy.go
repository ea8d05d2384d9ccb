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

// job is the copy of one image.
type job struct {
	*compare.Pair
	run     *run
	rank    int // in the plan
	tracker *progress.Tracker
	blobs   *blobs.Image
}

// job returns the job for a copy, as far as it could be made out.
func (run *run) job(c images.Copy, rank int, t *progress.Tracker) (*job, error) {
	p, err := run.reach.Pair(c)
	return &job{Pair: p, run: run, rank: rank, tracker: t, blobs: blobs.NewImage(p.Source, p.Target, rank)}, err
}

// copy makes the target what the source is, and returns what was done and the digest
// that the target has.
func (j *job) copy(ctx context.Context, planning *blobs.Planning) (images.Outcome, string, error) {
	goal, there, err := j.Compare(ctx)
	if err != nil {
		return "", "", err
	}
	if j.run.opts.repair != nil {
		there = ""
	}
	planning.Compare(j.blobs, there)
	if there != "" {
		return images.Present, there, nil
	}
	tree, err := j.Read(ctx, goal.Digest, goal.Root)
	if err != nil {
		return "", "", err
	}
	if err := j.mend(ctx, tree); err != nil {
		return "", "", err
	}
	j.blobs.From(j.Source)
	needs := j.needs(ctx, tree)
	planning.Resolve(j.blobs)
	attachments, err := j.attachments(ctx, tree)
	if err != nil {
		return "", "", err
	}
	for _, a := range attachments {
		needs = append(needs, j.needs(ctx, a.tree)...)
	}
	if err := blobs.Await(ctx, needs); err != nil {
		return "", "", err
	}
	j.tracker.Remark(len(attachments), tree.Foreign())
	digest, err := j.commit(ctx, tree, attachments, goal)
	return images.Copied, digest, err
}

// needs says which blobs the image needs.
func (j *job) needs(ctx context.Context, tree *oci.Node) []*blobs.Need {
	var needs []*blobs.Need
	for _, desc := range tree.AllBlobs() {
		needs = append(needs, j.run.moves.Need(ctx, j.blobs, desc))
	}
	return needs
}

// commit writes the manifests, each after those that it refers to, and what hangs on the
// image before the image. Only the root gets a tag, last of all. It returns its digest.
func (j *job) commit(ctx context.Context, tree *oci.Node, attachments []attachment, goal compare.Goal) (string, error) {
	if err := j.commitChildren(ctx, tree); err != nil {
		return "", err
	}
	if err := j.attach(ctx, attachments); err != nil {
		return "", err
	}
	if goal.Whole != nil {
		return j.commitSome(ctx, tree, goal)
	}
	_, err := j.Target.Put(ctx, tree.Manifest, j.Plan.Target.PushTag())
	return goal.Digest, err
}

func (j *job) commitChildren(ctx context.Context, tree *oci.Node) error {
	group, ctx := errgroup.WithContext(ctx)
	for _, child := range tree.Children {
		group.Go(func() error {
			_, err := j.run.writes.Do(ctx, j.Target.Name()+"@"+child.Digest, func() (struct{}, error) {
				if err := j.commitChildren(ctx, child); err != nil {
					return struct{}{}, err
				}
				_, err := j.Target.Put(ctx, child.Manifest, "")
				return struct{}{}, err
			})
			return err
		})
	}
	return group.Wait()
}

// commitSome writes the index of an image of which some platforms are left out, and
// returns its digest.
func (j *job) commitSome(ctx context.Context, tree *oci.Node, goal compare.Goal) (string, error) {
	traits, tag := j.run.reach.Gate.Traits(j.Target.Pool()), j.Plan.Target.PushTag()
	if traits.TakesSparse() {
		_, err := j.Target.Put(ctx, *goal.Whole, tag)
		if !failure.IsRefusal(err) {
			j.tracker.Note("some of its platforms were left out; its digest is unchanged")
			return goal.Whole.Digest, err
		}
		traits.RefusesSparse()
	}
	if j.Plan.Source.Digest != "" && !j.run.opts.AllowDigestChange {
		return "", j.Source.Wrap("", &failure.RefusalError{
			Class:  images.ClassPolicy,
			Msg:    "it is referred to by digest, and without some of its platforms the digest would change",
			Remedy: "copy all of its platforms, or allow it with --allow-digest-change",
		})
	}
	j.tracker.Note("some of its platforms were left out, which changes its digest from " + goal.Whole.Digest)
	_, err := j.Target.Put(ctx, tree.Manifest, tag)
	return goal.Digest, err
}
