package transfer

import (
	"context"
	"errors"
	"net/http"
	"sync"
	"time"

	"github.com/google/go-containerregistry/pkg/v1/remote/transport"
	"golang.org/x/sync/errgroup"
	"golang.org/x/sync/semaphore"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images"
)

const defaultJobs = 8

// run is the state of one Copy.
type run struct {
	r       *Registries
	opts    Options
	slots   *semaphore.Weighted // requests at once, over all images
	refused sync.Map            // target registry → the error that says it wants other credentials
}

// Copy carries out a plan and reports on each of its copies, in their order. One that
// fails does not stop the others. Once ctx is done, the rest is skipped, including
// what is being copied: nothing of that is visible under a tag, and what arrived is
// found again by the next run.
func (r *Registries) Copy(ctx context.Context, plan images.Plan, opts Options) images.Report {
	if opts.Jobs <= 0 {
		opts.Jobs = defaultJobs
	}
	if opts.Observer == nil {
		opts.Observer = nobody{}
	}
	run := &run{r: r, opts: opts, slots: semaphore.NewWeighted(int64(2 * opts.Jobs))}
	results := make([]images.Result, len(plan.Copies))
	var group errgroup.Group
	group.SetLimit(opts.Jobs)
	for i, c := range plan.Copies {
		group.Go(func() error {
			results[i] = run.one(ctx, c)
			return nil
		})
	}
	_ = group.Wait() // no copy returns an error: its result has it
	return images.Report{Results: results}
}

// one copies one image.
func (run *run) one(ctx context.Context, c images.Copy) images.Result {
	t := &tracker{copy: c, observer: run.opts.Observer, attempts: 1, started: time.Now()}
	if ctx.Err() != nil {
		return t.finish(images.Skipped, "", nil)
	}
	j, err := run.job(c, t)
	if err == nil {
		err = run.refusal(j.target)
	}
	if err != nil {
		return t.finish(images.Failed, "", err)
	}
	run.opts.Observer.Started(c)
	outcome, digest, err := j.copy(context.WithValue(ctx, trackerKey{}, t))
	switch {
	case err == nil:
		return t.finish(outcome, digest, nil)
	case ctx.Err() != nil:
		return t.finish(images.Skipped, "", nil)
	default:
		return t.finish(images.Failed, "", err)
	}
}

// refusal returns an error if the target has refused the credentials before.
func (run *run) refusal(target endpoint) error {
	cause, ok := run.refused.Load(target.repo.RegistryStr())
	if !ok {
		return nil
	}
	return target.wrap("", &stoppedError{cause.(error)})
}

// stoppedError is what becomes of images after the target has refused the credentials.
type stoppedError struct{ cause error }

func (e *stoppedError) Error() string {
	return "not tried, because the registry refused the credentials: " + describe(e.cause, true)
}
func (e *stoppedError) Unwrap() error { return e.cause }

// try sends requests to an endpoint with a session, again after transient faults.
// what is the part of the image that is concerned.
func (j *job) try(ctx context.Context, side endpoint, what string, send func(context.Context, *session) error) error {
	return j.run.r.retry.do(ctx, j.tracker.waiting, func(ctx context.Context) error {
		if err := j.run.slots.Acquire(ctx, 1); err != nil {
			return err
		}
		defer j.run.slots.Release(1)
		if side.push {
			if err := j.run.refusal(side); err != nil {
				return err
			}
		}
		err := side.wrap(what, side.with(ctx, send))
		j.run.remember(side, err)
		return err
	})
}

// remember notes that a target wants other credentials.
func (run *run) remember(side endpoint, err error) {
	var status *transport.Error
	if isPush(err) && errors.As(err, &status) && status.StatusCode == http.StatusUnauthorized {
		run.refused.LoadOrStore(side.repo.RegistryStr(), status)
	}
}

// with calls send with a session.
func (e endpoint) with(ctx context.Context, send func(context.Context, *session) error) error {
	s, err := e.session(ctx)
	if err != nil {
		return &sessionError{host: hostName(e.repo.RegistryStr()), err: err}
	}
	return send(ctx, s)
}
