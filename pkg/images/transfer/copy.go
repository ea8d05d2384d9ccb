package transfer

import (
	"context"
	"fmt"
	"sync"

	v1 "github.com/google/go-containerregistry/pkg/v1"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/oci"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/transfer/blobs"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/transfer/compare"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/transfer/progress"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/transfer/storage"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/memo"
)

const defaultJobs = 8

// run is the state of one Copy.
type run struct {
	opts    Options
	reach   *compare.Reach
	moves   *blobs.Moves
	results []images.Result
	mending sync.Mutex           // while a damaged blob is replaced
	writes  memo.Group[struct{}] // manifests that were written, by repository and digest
}

// Copy carries out a plan and reports on each of its copies, in their order. All images
// are resolved at once, then their blobs are moved, each once, the largest first, and
// every image is committed as soon as its blobs are there. One that fails does not stop
// the others. Once ctx is done, the rest is skipped, including what is being copied:
// nothing of that is visible under a tag, and what arrived is found again by the next
// run.
func (r *Registries) Copy(ctx context.Context, plan images.Plan, opts Options) images.Report {
	reach := r.reach(opts)
	run := &run{
		opts: opts, reach: reach, moves: blobs.New(reach.Gate, opts.Observer), results: make([]images.Result, len(plan.Copies)),
	}
	inner, stop := context.WithCancel(ctx)
	defer stop()
	context.AfterFunc(inner, reach.Gate.Lanes.Flush)

	if err := run.prepare(ctx, plan); err != nil {
		return run.refuse(plan, err)
	}
	planning := blobs.NewPlanning(len(plan.Copies), run.moves, func(present []*blobs.Image, then func()) {
		run.moves.Aside(func() { run.survey(inner, present, then) })
	})
	if opts.Into != nil {
		planning.Admit(func() error { return run.checkRoom(inner, opts.Into.CheckRoom) })
	}
	var group sync.WaitGroup
	for i, c := range plan.Copies {
		group.Go(func() { run.results[i] = run.one(ctx, inner, c, i, planning) })
	}
	group.Wait()
	stop()
	run.moves.Wait()
	return images.Report{Results: run.results}
}

// checkRoom returns an error if there is not enough room for all that is to be written. What
// hangs on images is small, and not counted.
func (run *run) checkRoom(ctx context.Context, check func(bytes int64) error) error {
	bytes, err := run.moves.Missing(ctx)
	if err != nil {
		return err
	}
	if err := check(bytes); err != nil {
		return fmt.Errorf("writing %s: %w", run.opts.Into, err)
	}
	return nil
}

// reach returns how the images of a run are reached.
func (r *Registries) reach(opts Options) *compare.Reach {
	jobs := opts.Jobs
	if jobs <= 0 {
		jobs = defaultJobs
	}
	return &compare.Reach{
		Registries: r.Registries, Gate: storage.NewGate(r.Retries(), jobs), From: opts.From, Into: opts.Into,
		Platforms: opts.Platforms, NoReferrers: opts.NoReferrers,
	}
}

// prepare finds out what archives have that the run need not move.
func (run *run) prepare(ctx context.Context, plan images.Plan) (err error) {
	if run.opts.Since != nil {
		run.reach.Since, err = storage.ReadSince(ctx, run.opts.Since)
	}
	run.seed(plan)
	return err
}

// refuse reports that nothing could be copied.
func (run *run) refuse(plan images.Plan, err error) images.Report {
	for i, c := range plan.Copies {
		run.results[i] = progress.New(c, run.opts.Observer).Finish(images.Failed, "", err)
	}
	return images.Report{Results: run.results}
}

// one copies one image. ctx is the user's, inner that of the run.
func (run *run) one(ctx, inner context.Context, c images.Copy, rank int, planning *blobs.Planning) images.Result {
	t := progress.New(c, run.opts.Observer)
	j, err := run.job(c, rank, t)
	t.OnPause(func() { planning.Resolve(j.blobs) })
	defer planning.Resolve(j.blobs)
	if ctx.Err() != nil {
		return t.Finish(images.Skipped, "", nil)
	}
	if err == nil {
		err = run.reach.Gate.Refusal(j.Target)
	}
	if err != nil {
		return t.Finish(images.Failed, "", err)
	}
	outcome, digest, err := j.copy(t.In(inner), planning)
	switch {
	case err == nil:
		return t.Finish(outcome, digest, nil)
	case ctx.Err() != nil:
		return t.Finish(images.Skipped, "", nil)
	default:
		j.blobs.Fail()
		return t.Finish(images.Failed, "", err)
	}
}

// survey finds out what the images that are there consist of, and releases the blobs.
func (run *run) survey(ctx context.Context, present []*blobs.Image, then func()) {
	if len(present) < len(run.results) { // else nothing will be moved
		var group sync.WaitGroup
		for _, i := range present {
			group.Go(func() { run.moves.Known(i.Target, run.stored(ctx, i)) })
		}
		group.Wait()
	}
	then()
}

// stored are the blobs of an image that is there, as far as that can be read.
func (run *run) stored(ctx context.Context, i *blobs.Image) []v1.Descriptor {
	get := func(ctx context.Context, digest string) (oci.Manifest, error) {
		m, err := run.reach.Manifest(ctx, i.Target, digest)
		if err != nil {
			return oci.Manifest{Raw: []byte("{}")}, nil //nolint:nilerr // it is only a place to mount from
		}
		return m, nil
	}
	root, err := get(ctx, i.There)
	if err != nil {
		return nil
	}
	tree, err := oci.Expand(ctx, root, get)
	if err != nil {
		return nil
	}
	return tree.AllBlobs()
}
