package transfer

import (
	"context"
	"errors"
	"net/http"
	"sync"

	"github.com/google/go-containerregistry/pkg/v1/remote/transport"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/transfer/lanes"
)

const defaultJobs = 8

// run is the state of one Copy.
type run struct {
	r       *Registries
	opts    Options
	lanes   *lanes.Scheduler
	moves   *moves
	results []images.Result
	since   *since            // nil: everything is written
	reads   flights[manifest] // manifests of sources and targets, by repository and digest
	writes  flights[struct{}] // manifests that were written, by repository and digest
	tasks   sync.WaitGroup    // what goes on beside the images
	refused sync.Map          // target registry → the error that says it wants other credentials

	mu      sync.Mutex
	learned map[string]*traits // by target registry
}

// Copy carries out a plan and reports on each of its copies, in their order. All images
// are resolved at once, then their blobs are moved, each once, the largest first, and
// every image is committed as soon as its blobs are there. One that fails does not stop
// the others. Once ctx is done, the rest is skipped, including what is being copied:
// nothing of that is visible under a tag, and what arrived is found again by the next
// run.
func (r *Registries) Copy(ctx context.Context, plan images.Plan, opts Options) images.Report {
	if opts.Jobs <= 0 {
		opts.Jobs = defaultJobs
	}
	if opts.Observer == nil {
		opts.Observer = nobody{}
	}
	run := newRun(r, opts, len(plan.Copies))
	inner, stop := context.WithCancel(ctx)
	defer stop()
	context.AfterFunc(inner, run.lanes.Flush)

	if err := run.prepare(ctx, plan); err != nil {
		return run.refuse(plan, err)
	}
	planning := newPlanning(len(plan.Copies), run.moves, func(present []*job, then func()) {
		run.tasks.Go(func() { run.survey(inner, present, then) })
	})
	var group sync.WaitGroup
	for i, c := range plan.Copies {
		group.Go(func() { run.results[i] = run.one(ctx, inner, c, i, planning) })
	}
	group.Wait()
	stop()
	run.tasks.Wait()
	return images.Report{Results: run.results}
}

func newRun(r *Registries, opts Options, n int) *run {
	run := &run{
		r: r, opts: opts, results: make([]images.Result, n), learned: map[string]*traits{},
		lanes: lanes.New(lanes.Limits{Small: 4 * opts.Jobs, Bulk: 2 * opts.Jobs}),
	}
	run.moves = newMoves(run)
	return run
}

// prepare finds out what archives have that the run need not move.
func (run *run) prepare(ctx context.Context, plan images.Plan) (err error) {
	if run.opts.Since != nil {
		run.since, err = readSince(ctx, run.opts.Since)
	}
	run.seed(plan)
	return err
}

// refuse reports that nothing could be copied.
func (run *run) refuse(plan images.Plan, err error) images.Report {
	for i, c := range plan.Copies {
		run.results[i] = (&tracker{copy: c, observer: run.opts.Observer}).finish(images.Failed, "", err)
	}
	return images.Report{Results: run.results}
}

// one copies one image. ctx is the user's, inner that of the run.
func (run *run) one(ctx, inner context.Context, c images.Copy, rank int, planning *planning) images.Result {
	t := &tracker{copy: c, observer: run.opts.Observer, attempts: 1}
	j, err := run.job(c, rank, t)
	t.paused = func() { planning.resolve(j) }
	defer planning.resolve(j)
	if ctx.Err() != nil {
		return t.finish(images.Skipped, "", nil)
	}
	if err == nil {
		err = run.refusal(j.target)
	}
	if err != nil {
		return t.finish(images.Failed, "", err)
	}
	outcome, digest, err := j.copy(context.WithValue(inner, trackerKey{}, t), planning)
	switch {
	case err == nil:
		return t.finish(outcome, digest, nil)
	case ctx.Err() != nil:
		return t.finish(images.Skipped, "", nil)
	default:
		j.failed.Store(true)
		return t.finish(images.Failed, "", err)
	}
}

// refusal returns an error if the target has refused the credentials before.
func (run *run) refusal(target target) error {
	cause, ok := run.refused.Load(target.lane())
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

// try sends small requests, again after transient faults. what is the part of the image
// that is concerned.
func (run *run) try(ctx context.Context, e hosted, what string, send func(context.Context, *session) error) error {
	t := trackerOf(ctx)
	return run.r.retry.do(ctx, t.waiting, func(ctx context.Context) error {
		release, err := run.lanes.Acquire(ctx, lanes.Task{Hosts: []string{e.lane()}})
		if err != nil {
			return err
		}
		defer release()
		t.start()
		return run.once(ctx, e, what, send)
	})
}

// once sends requests, and notes what that tells about the registry.
func (run *run) once(ctx context.Context, e hosted, what string, send func(context.Context, *session) error) error {
	if e.push {
		if err := run.refusal(e); err != nil {
			return err
		}
	}
	err := e.wrap(what, e.with(ctx, send))
	var status *transport.Error
	switch {
	case err == nil:
		run.lanes.Fine(e.lane())
	case !errors.As(err, &status) || isPush(err) != e.push: // nothing, or about the other side
	case status.StatusCode == http.StatusTooManyRequests:
		run.lanes.Slow(e.lane(), wishOf(ctx))
	case e.push && status.StatusCode == http.StatusUnauthorized:
		run.refused.LoadOrStore(e.lane(), status)
	}
	return err
}

// traits is what is known of a target registry.
func (run *run) traits(pool string) *traits {
	run.mu.Lock()
	defer run.mu.Unlock()
	t, ok := run.learned[pool]
	if !ok {
		t = &traits{}
		run.learned[pool] = t
	}
	return t
}

// with calls send with a session.
func (e endpoint) with(ctx context.Context, send func(context.Context, *session) error) error {
	s, err := e.session(ctx)
	if err != nil {
		return &sessionError{host: hostName(e.repo.RegistryStr()), err: err}
	}
	return send(ctx, s)
}
