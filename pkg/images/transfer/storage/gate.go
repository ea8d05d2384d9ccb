package storage

import (
	"context"
	"errors"
	"net/http"
	"sync"

	"github.com/google/go-containerregistry/pkg/v1/remote/transport"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/failure"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/registry/repository"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/retry"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/transfer/progress"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/transfer/scheduler"
)

// Gate is how one run gets at registries: it limits what happens at once with each of
// them, tries again, and remembers what it has learned about them.
type Gate struct {
	Retry retry.Policy
	Lanes *scheduler.Scheduler

	refused sync.Map // target registry → the error that says it wants other credentials

	mu      sync.Mutex
	learned map[string]*repository.Traits // by target registry
}

// NewGate returns a gate for a number of jobs at once.
func NewGate(again retry.Policy, jobs int) *Gate {
	return &Gate{
		Retry: again, Lanes: scheduler.New(scheduler.Limits{Small: 4 * jobs, Bulk: 2 * jobs}), learned: map[string]*repository.Traits{},
	}
}

// smallBlob is up to which size a blob goes in the lane of small requests.
const smallBlob = 256 << 10

// TaskFor is the place that moving some bytes between sides takes.
func TaskFor(size int64, sides ...Source) scheduler.Task {
	t := scheduler.Task{Size: size}
	if size > smallBlob {
		t.Lane = scheduler.Bulk
	}
	for _, side := range sides {
		t.Hosts = append(t.Hosts, side.lane())
	}
	return t
}

// Refusal returns an error if the target has refused the credentials before.
func (g *Gate) Refusal(target Target) error {
	cause, ok := g.refused.Load(target.lane())
	if !ok {
		return nil
	}
	return target.Wrap("", &failure.StoppedError{Cause: cause.(error)})
}

// try sends small requests, again after transient faults. what is the part of the image
// that is concerned.
func (g *Gate) try(ctx context.Context, e hosted, what string, send func(context.Context, *repository.Session) error) error {
	t := progress.Of(ctx)
	return g.Retry.Do(ctx, t.Waiting, func(ctx context.Context) error {
		release, err := g.Lanes.Acquire(ctx, TaskFor(0, e))
		if err != nil {
			return err
		}
		defer release()
		t.Start()
		return g.once(ctx, e, what, send)
	})
}

// once sends requests, and notes what that tells about the registry.
func (g *Gate) once(ctx context.Context, e hosted, what string, send func(context.Context, *repository.Session) error) error {
	if e.Push {
		if err := g.Refusal(e); err != nil {
			return err
		}
	}
	err := e.Wrap(what, e.With(ctx, send))
	var status *transport.Error
	switch {
	case err == nil:
		g.Lanes.Fine(e.lane())
	case !errors.As(err, &status) || failure.IsPush(err) != e.Push: // nothing, or about the other side
	case status.StatusCode == http.StatusTooManyRequests:
		g.Lanes.Slow(e.lane(), retry.WishOf(ctx))
	case e.Push && status.StatusCode == http.StatusUnauthorized && !failure.IsAboutRepository(status):
		g.refused.LoadOrStore(e.lane(), status)
	}
	return err
}

// Traits is what is known of a target registry.
func (g *Gate) Traits(pool string) *repository.Traits {
	g.mu.Lock()
	defer g.mu.Unlock()
	t, ok := g.learned[pool]
	if !ok {
		t = &repository.Traits{}
		g.learned[pool] = t
	}
	return t
}
