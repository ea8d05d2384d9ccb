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
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/storage"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/memo"
)

// Limiter limits the rate and the concurrency of requests. A queue is identified by the
// Queue of a storage.Location.
type Limiter interface {
	// Request sends a small request when the queue has a free slot.
	Request(ctx context.Context, queue string, send func() error) error
	// Succeeded records a successful request.
	Succeeded(queue string)
	// SlowDown records that a registry asks for fewer requests, and for none before a time.
	SlowDown(queue string, until time.Time)
}

// Run holds the state that the storages of one run share: the limiter, and what the run has
// learned about registries.
type Run struct {
	client  *Client
	limiter Limiter

	capabilities memo.Group[*repository.Capabilities] // by registry
	tags         memo.Group[repository.Tags]          // by repository: the tags that are derived from digests
	listings     memo.Group[bool]                     // by operation and project: the registry may have the referrers API

	mu      sync.Mutex
	refused map[string]error // by queue: the answer with which the registry refused the credentials
}

// NewRun returns a run whose small requests pass a limiter.
func (r *Client) NewRun(limiter Limiter) *Run {
	return &Run{client: r, limiter: limiter, refused: map[string]error{}}
}

// Refused returns an error if the registry at a location refused the credentials earlier in
// the run.
func (r *Run) Refused(at storage.Location) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	cause, ok := r.refused[at.Queue]
	if !ok {
		return nil
	}
	return at.Wrap("", &status.StoppedError{Cause: cause})
}

// Capabilities returns what the run has learned about a target registry.
func (r *Run) Capabilities(registry string) *repository.Capabilities {
	known, _ := r.capabilities.Get(registry, func() (*repository.Capabilities, error) { return &repository.Capabilities{}, nil })
	return known
}

// learn updates the state of the run from the result of a request: an error, or nil for
// success.
func (r *Run) learn(at storage.Location, err error) {
	var answer *status.Error
	switch {
	case err == nil:
		r.limiter.Succeeded(at.Queue)
	case !errors.As(err, &answer) || failure.IsAtTarget(err) != at.Write: // no information about this registry
	case answer.Answer.StatusCode == http.StatusTooManyRequests:
		until := answer.After
		if time.Until(until) > r.client.Retries().LongestWait() {
			until = time.Time{} // too long to wait
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
