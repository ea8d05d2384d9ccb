package registry

import (
	"context"
	"errors"
	"net/http"
	"sync"
	"time"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/failure"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/registry/repository"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/registry/status"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/retry"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/storage"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/memo"
)

// Limiter says when requests may be sent, and learns from their answers. A queue is what a
// location names so.
type Limiter interface {
	// Request sends a small request as soon as it may be sent.
	Request(ctx context.Context, queue string, send func() error) error
	// Succeeded notes that a registry has done what was asked.
	Succeeded(queue string)
	// SlowDown notes that a registry wants fewer requests, and none before a time.
	SlowDown(queue string, until time.Time)
}

// Run is what the storages of one run share: when requests may be sent, and what was
// learned about registries that are written to.
type Run struct {
	client  *Client
	limiter Limiter

	capabilities memo.Group[*repository.Capabilities] // by registry

	mu      sync.Mutex
	refused map[string]error // by queue: the error that says it wants other credentials
}

// NewRun returns a run whose small requests a limiter lets through.
func (r *Client) NewRun(limiter Limiter) *Run {
	return &Run{client: r, limiter: limiter, refused: map[string]error{}}
}

// Refused returns an error if the registry at a location has refused the credentials
// before.
func (r *Run) Refused(at storage.Location) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	cause, ok := r.refused[at.Queue]
	if !ok {
		return nil
	}
	return at.Wrap("", &status.StoppedError{Cause: cause})
}

// Capabilities is what is known of a registry that is written to.
func (r *Run) Capabilities(registry string) *repository.Capabilities {
	known, _ := r.capabilities.Get(registry, func() (*repository.Capabilities, error) { return &repository.Capabilities{}, nil })
	return known
}

// learn notes what an error, or none, tells about the registry at a location.
func (r *Run) learn(at storage.Location, err error) {
	var answer *status.Error
	switch {
	case err == nil:
		r.limiter.Succeeded(at.Queue)
	case !errors.As(err, &answer) || failure.IsAtTarget(err) != at.Write: // nothing, or about another one
	case answer.Answer.StatusCode == http.StatusTooManyRequests:
		until := answer.After
		if time.Until(until) > retry.LongestWait {
			until = time.Time{} // nobody waits that long
		}
		r.limiter.SlowDown(at.Queue, until)
	case at.Write && answer.Answer.StatusCode == http.StatusUnauthorized && !answer.AboutRepository():
		r.mu.Lock()
		defer r.mu.Unlock()
		if _, ok := r.refused[at.Queue]; !ok {
			r.refused[at.Queue] = answer
		}
	}
}
