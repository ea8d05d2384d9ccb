// Package retry retries operations: after the time of Retry-After or, without it, after
// growing waits. It must not know the operations.
package retry

import (
	"cmp"
	"context"
	"math/rand/v2"
	"time"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/failure"
)

// Policy is the number of attempts and the waits between them. It is the only place for
// retries of requests; in addition, stream.Reader resumes broken downloads.
type Policy struct {
	Attempts int
	First    time.Duration // wait before the second attempt; doubles with each further attempt
	Longest  time.Duration // maximum wait without Retry-After
	MaxWait  time.Duration // maximum wait with Retry-After; 0: LongestWait
}

// LongestWait is the maximum wait that a registry may ask for, unless the user has set
// another. After a longer wait, the user runs the command again.
const LongestWait = 15 * time.Minute

// LongestWait returns the maximum wait that a registry may ask for.
func (p Policy) LongestWait() time.Duration { return cmp.Or(p.MaxWait, LongestWait) }

// Waiting is called before the wait for an attempt, with the error of the last attempt.
type Waiting func(attempt int, err error, d time.Duration)

// Usual returns the policy for registries.
func Usual() Policy {
	return Policy{Attempts: 5, First: 500 * time.Millisecond, Longest: 30 * time.Second}
}

// Do calls try until it succeeds, fails with an error that is not transient, or has used
// all attempts. A Retry-After beyond MaxWait is a *failure.LongWaitError.
func (p Policy) Do(ctx context.Context, waiting Waiting, try func(context.Context) error) error {
	for attempt := 1; ; attempt++ {
		again, err := p.Again(ctx, attempt, try(ctx), waiting)
		if !again {
			return err
		}
	}
}

// Again reports whether there is another attempt after err, and waits for it. Otherwise it
// returns the final error.
func (p Policy) Again(ctx context.Context, attempt int, err error, waiting Waiting) (bool, error) {
	if err == nil || ctx.Err() != nil || attempt >= p.Attempts || !failure.IsTransient(err) {
		return false, err
	}
	wait := p.Backoff(attempt)
	host, after := failure.RetryAfter(err)
	if !after.IsZero() {
		wait = max(0, time.Until(after))
	}
	if wait > p.LongestWait() {
		return false, failure.LongWait(err, host, wait, p.LongestWait())
	}
	waiting(attempt+1, err, wait)
	return Sleep(ctx, wait) == nil, err
}

// Backoff returns the wait after an attempt, with up to 25 % of random jitter in both
// directions.
func (p Policy) Backoff(attempt int) time.Duration {
	d := min(p.First<<(attempt-1), p.Longest)
	return time.Duration(float64(d) * (0.75 + rand.Float64()/2))
}

// Sleep waits, or returns the error of the context if that ends earlier.
func Sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}
