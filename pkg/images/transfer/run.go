package transfer

import (
	"context"
	"sync"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/archive"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/registry"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/retry"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/storage"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/transfer/blobs"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/transfer/compare"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/transfer/scheduler"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/memo"
)

// run holds the state that the images of one copy or verification share.
type run struct {
	opts       Options
	client     *registry.Client
	registries *registry.Run
	scheduler  *scheduler.Scheduler
	retry      retry.Policy
	compare    *compare.Run
	since      *archive.Since // content that Into need not have; nil: none

	blobs     *blobs.Blobs
	pulls     *pulls
	results   []images.Result
	repairing sync.Mutex           // held while a damaged blob is replaced
	writes    memo.Group[struct{}] // written manifests, by location and digest
}

func (r *Registries) newRun(opts Options) *run {
	s := scheduler.New(scheduler.LimitsFor(opts.Jobs))
	run := &run{
		opts: opts, client: r.Client, registries: r.NewRun(limiter{s, opts.dry}), scheduler: s, retry: r.Retries(),
		compare: &compare.Run{Platforms: opts.Platforms, NoReferrers: opts.NoReferrers},
		blobs:   blobs.New(s, r.Retries(), opts.Observer, blobs.NewRate(opts.Rate)),
	}
	run.pulls = newPulls(run)
	if opts.dry != nil {
		run.compare.Read = opts.dry.read
	}
	if opts.From == nil {
		run.compare.Elsewhere, run.compare.Kept = run.elsewhere, opts.Kept
	}
	return run
}

// open opens source and target of an image.
func (run *run) open(c images.Copy, p storage.Progress) (from storage.Source, to storage.Target, err error) {
	if run.opts.From != nil {
		from = archive.Source(run.opts.From, c.Source)
	} else if from, err = run.registries.Source(c.Source, p); err != nil {
		return from, nil, err
	}
	if run.opts.Into != nil {
		to = archive.Target(run.opts.Into, c, run.since)
	} else if to, err = run.registries.Target(c.Target, p); err != nil {
		return from, to, err
	}
	if dry := run.opts.dry; dry != nil {
		return &drySource{from, dry}, &dryTarget{Target: to, ledger: dry, copy: c, progress: p, archive: run.opts.Into != nil}, nil
	}
	return from, to, nil
}

// elsewhere opens the new repository of an image that is gone from its source.
func (run *run) elsewhere(ctx context.Context, i *compare.Pair, digest string, gone error) (storage.Source, images.Move, error) {
	var found storage.Source
	move, err := run.client.Elsewhere(i.Plan.Source, digest, gone, func(at images.Ref, id string) error {
		from, err := run.registries.Source(at, i.Progress)
		if err != nil {
			return err
		}
		found = from
		if dry := run.opts.dry; dry != nil {
			found = &drySource{from, dry}
		}
		_, err = found.Resolve(ctx, id)
		return err
	})
	if err == nil {
		i.Progress.Moved(move)
	}
	return found, move, err
}

// limiter limits small requests with the scheduler.
type limiter struct {
	*scheduler.Scheduler
	dry *ledger // counts the requests of a forecast; nil: a copy
}

// Request implements registry.Limiter.
func (l limiter) Request(ctx context.Context, queue string, send func() error) error {
	if l.dry != nil {
		l.dry.asked(queue)
	}
	return l.Do(ctx, scheduler.TaskFor(0, queue), send)
}
