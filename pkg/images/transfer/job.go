package transfer

import (
	"cmp"
	"context"
	"errors"
	"net/http"
	"sync"
	"sync/atomic"

	"github.com/google/go-containerregistry/pkg/v1/remote/transport"
	"golang.org/x/sync/errgroup"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/transfer/archives"
)

// job is the copy of one image.
type job struct {
	run     *run
	plan    images.Copy
	tracker *tracker
	source  source
	target  target
	rank    int // in the plan

	blobs    []*blob // what it needs; guarded by moves
	released bool    // they may move; guarded by moves

	want    string      // the digest of what is there, once present is set
	present atomic.Bool // it was there from the beginning
	failed  atomic.Bool // nothing is needed for it any more
}

func (run *run) job(c images.Copy, rank int, t *tracker) (*job, error) {
	j := &job{run: run, plan: c, rank: rank, tracker: t}
	if archive := run.opts.From; archive != nil {
		j.source = archived{archive: archive, ref: c.Source}
	} else {
		from, err := run.r.source(c.Source)
		if err != nil {
			return j, err
		}
		j.source = hosted{endpoint: from, run: run}
	}
	if archive := run.opts.Into; archive != nil {
		j.target = archived{archive: archive, ref: c.Source, push: true, since: run.since}
		return j, nil
	}
	to, err := run.r.target(c.Target)
	j.target = hosted{endpoint: to, run: run}
	return j, err
}

// goal is what the target should become.
type goal struct {
	digest string    // of what is written
	root   *manifest // if it had to be read
	whole  *manifest // what the source has, if root lacks some of its platforms
}

// copy makes the target what the source is, and returns what was done and the digest
// that the target has.
func (j *job) copy(ctx context.Context, planning *planning) (images.Outcome, string, error) {
	goal, there, err := j.compare(ctx)
	if err != nil {
		return "", "", err
	}
	if there != "" {
		j.want = there
		j.present.Store(true)
	}
	planning.compare(j)
	if there != "" {
		return images.Present, there, nil
	}
	tree, err := j.read(ctx, goal.digest, goal.root)
	if err != nil {
		return "", "", err
	}
	needs := j.needs(ctx, tree)
	planning.resolve(j)
	attachments, err := j.attachments(ctx, tree)
	if err != nil {
		return "", "", err
	}
	for _, a := range attachments {
		needs = append(needs, j.needs(ctx, a.tree)...)
	}
	if err := await(ctx, needs); err != nil {
		return "", "", err
	}
	j.tracker.remark(len(attachments), tree.foreign())
	digest, err := j.commit(ctx, tree, attachments, goal)
	return images.Copied, digest, err
}

// needs says which blobs the image needs.
func (j *job) needs(ctx context.Context, tree *node) []*need {
	var needs []*need
	for _, desc := range tree.allBlobs() {
		needs = append(needs, j.run.moves.need(ctx, j, desc))
	}
	return needs
}

// compare returns what the target should become, and its digest if it is that already.
// Both sides are asked at once.
func (j *job) compare(ctx context.Context) (goal goal, there string, err error) {
	var group sync.WaitGroup
	var have string
	var missing error
	group.Go(func() { goal, err = j.wanted(ctx) })
	group.Go(func() { have, missing = j.existing(ctx) })
	group.Wait()
	switch {
	case err != nil || j.run.opts.Repair:
		return goal, "", err
	case have == goal.digest:
		return goal, have, missing
	case missing == nil && goal.whole != nil && have == goal.whole.digest:
		holds, err := j.holds(ctx, goal.root)
		if holds {
			there = have
		}
		return goal, there, err
	default:
		return goal, "", missing
	}
}

// wanted returns what the target should become: what the plan says if it says so, else
// what the source has now. If platforms are left out, the index must be read for that.
func (j *job) wanted(ctx context.Context) (goal, error) {
	if len(j.run.opts.Platforms) > 0 {
		return j.filtered(ctx)
	}
	if pinned := j.pinned(); pinned != "" {
		return goal{digest: pinned}, nil
	}
	digest, err := j.source.digest(ctx, j.plan.Source.Version())
	return goal{digest: digest}, err
}

// pinned is the digest that the source must have, "" if any will do.
func (j *job) pinned() string { return cmp.Or(j.plan.Digest, j.plan.Source.Digest) }

// existing returns the digest that the target has under its tag, "" if there is none.
func (j *job) existing(ctx context.Context) (string, error) {
	digest, err := j.target.digest(ctx, j.plan.Target.PushTag())
	if isAbsent(err) {
		return "", nil
	}
	return digest, err
}

// isAbsent tells whether a registry said that there is no such thing.
func isAbsent(err error) bool {
	var missing *archives.AbsentError
	if errors.As(err, &missing) {
		return true
	}
	var status *transport.Error
	var session *sessionError
	return errors.As(err, &status) && status.StatusCode == http.StatusNotFound && !errors.As(err, &session)
}

// read returns the tree of manifests with the digest, whose root may be known.
func (j *job) read(ctx context.Context, digest string, root *manifest) (*node, error) {
	if root == nil {
		m, err := j.manifest(ctx, digest)
		if err != nil {
			return nil, err
		}
		root = &m
	}
	tree, err := expand(ctx, *root, 1, j.manifest)
	return tree, j.source.wrap("", err)
}

// manifest reads a manifest of the source, which other tags may share.
func (j *job) manifest(ctx context.Context, digest string) (manifest, error) {
	return j.run.reads.do(ctx, j.source.name()+"@"+digest, func() (manifest, error) { return j.source.manifest(ctx, digest) })
}

// commit writes the manifests, each after those that it refers to, and what hangs on the
// image before the image. Only the root gets a tag, last of all. It returns its digest.
func (j *job) commit(ctx context.Context, tree *node, attachments []attachment, goal goal) (string, error) {
	if err := j.commitChildren(ctx, tree); err != nil {
		return "", err
	}
	if err := j.attach(ctx, attachments); err != nil {
		return "", err
	}
	if goal.whole != nil {
		return j.commitSome(ctx, tree, goal)
	}
	_, err := j.target.put(ctx, tree.manifest, j.plan.Target.PushTag())
	return goal.digest, err
}

func (j *job) commitChildren(ctx context.Context, tree *node) error {
	group, ctx := errgroup.WithContext(ctx)
	for _, child := range tree.children {
		group.Go(func() error {
			_, err := j.run.writes.do(ctx, j.target.name()+"@"+child.digest, func() (struct{}, error) {
				if err := j.commitChildren(ctx, child); err != nil {
					return struct{}{}, err
				}
				_, err := j.target.put(ctx, child.manifest, "")
				return struct{}{}, err
			})
			return err
		})
	}
	return group.Wait()
}
