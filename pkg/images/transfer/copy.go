package transfer

import (
	"context"
	"fmt"
	"sync"

	v1 "github.com/google/go-containerregistry/pkg/v1"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/archive"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/oci"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/transfer/blobs"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/transfer/progress"
)

// Copy executes a plan and reports the result of each copy, in the order of the plan. It
// resolves all images concurrently, then copies each blob once, the largest first, and tags
// an image as soon as its blobs are complete. A failed image does not stop the others. When
// ctx is done, all unfinished images are skipped: they have no tag, and a later run finds
// the blobs that were already written.
func (r *Registries) Copy(ctx context.Context, plan images.Plan, opts Options) images.Report {
	run := r.newRun(opts)
	run.results = make([]images.Result, len(plan.Copies))
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	context.AfterFunc(ctx, run.scheduler.Flush)
	if err := run.prepare(ctx, plan); err != nil {
		return run.refuse(plan, err)
	}
	var beside sync.WaitGroup
	beside.Go(func() { run.blobs.Run(ctx) })
	planning := blobs.NewPlanning(len(plan.Copies), run.blobs, func(present []*blobs.Set, then func()) {
		run.pulls.compared()
		beside.Go(func() { run.survey(ctx, present, then) })
	})
	if opts.Into != nil && opts.dry == nil {
		planning.Admit(func() error { return run.checkRoom(ctx, opts.Into.CheckRoom) })
	}
	var group sync.WaitGroup
	for i, c := range plan.Copies {
		group.Go(func() { run.results[i] = run.one(ctx, c, i, planning) })
	}
	group.Wait()
	stop()
	run.blobs.Close()
	beside.Wait()
	return images.Report{Results: run.results}
}

// checkRoom returns an error if the target has too little room for the missing blobs.
// Referrers are small, and are not counted.
func (run *run) checkRoom(ctx context.Context, check func(bytes int64) error) error {
	bytes, err := run.blobs.Missing(ctx)
	if err != nil {
		return err
	}
	if err := check(bytes); err != nil {
		return fmt.Errorf("writing %s: %w", run.opts.Into, err)
	}
	return nil
}

// prepare reads from archives which content need not be copied.
func (run *run) prepare(ctx context.Context, plan images.Plan) (err error) {
	if run.opts.Since != nil {
		run.since, err = archive.ReadSince(ctx, run.opts.Since)
	}
	run.expectBase(plan)
	return err
}

// refuse returns a report in which every copy failed with an error.
func (run *run) refuse(plan images.Plan, err error) images.Report {
	for i, c := range plan.Copies {
		run.results[i] = progress.New(c, run.opts.Observer, nil).Finish(images.Failed, "", err)
	}
	return images.Report{Results: run.results}
}

// one copies one image. Other images wait until the needs of this image are known, but not
// if that takes long, and not if the copy ends before.
func (run *run) one(ctx context.Context, c images.Copy, rank int, planning *blobs.Planning) images.Result {
	i := &imageCopy{run: run, rank: rank}
	i.progress = progress.New(c, run.opts.Observer, func() { planning.Resolved(i.blobs) })
	err := i.open(c)
	defer planning.Resolved(i.blobs)
	if ctx.Err() != nil {
		return i.progress.Finish(images.Skipped, "", nil)
	}
	if err == nil {
		err = run.registries.Refused(i.Target.Location())
	}
	if err != nil {
		return i.progress.Finish(images.Failed, "", err)
	}
	outcome, digest, err := i.copy(ctx, planning)
	switch {
	case err == nil:
		return i.progress.Finish(outcome, digest, nil)
	case ctx.Err() != nil:
		return i.progress.Finish(images.Skipped, "", nil)
	default:
		i.blobs.Fail()
		return i.progress.Finish(images.Failed, "", err)
	}
}

// survey reads the blobs of the images that the target has, and releases the blobs to copy.
func (run *run) survey(ctx context.Context, present []*blobs.Set, then func()) {
	if len(present) < len(run.results) { // otherwise nothing is copied
		var group sync.WaitGroup
		for _, i := range present {
			group.Go(func() { run.blobs.Known(i.Target.Location(), run.stored(ctx, i)) })
		}
		group.Wait()
	}
	then()
}

// stored returns the blobs of an image that the target has, as far as they can be read.
func (run *run) stored(ctx context.Context, i *blobs.Set) []v1.Descriptor {
	get := func(ctx context.Context, digest string) (oci.Manifest, error) {
		m, err := run.compare.Manifest(ctx, i.Target, digest)
		if err != nil {
			return oci.Manifest{Raw: []byte("{}")}, nil //nolint:nilerr // only a hint where to mount from
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
