// Package retry tries again what may succeed later, after the time that a registry asks for
// or, if it does not say, after waits that grow. It must not know what is tried.
package retry

import (
	"context"
	"math/rand/v2"
	"time"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/failure"
)

// Policy says how often and after which waits something is tried. Requests are retried
// nowhere else; only a download that breaks off goes on with another connection, as often
// and after such waits as stream.Reader says.
type Policy struct {
	Attempts int
	First    time.Duration // the wait before the second attempt; it doubles from there
	Longest  time.Duration // but not beyond this, unless the registry says so, up to LongestWait
}

// LongestWait is how long a registry may ask to wait. Nobody watches a command for longer;
// who has to wait for an hour runs it again.
const LongestWait = 15 * time.Minute

// Waiting is told of the wait before an attempt, and of the error of the one before.
type Waiting func(attempt int, err error, d time.Duration)

// Usual is what suits registries.
func Usual() Policy {
	return Policy{Attempts: 5, First: 500 * time.Millisecond, Longest: 30 * time.Second}
}

// Do calls try until it succeeds, fails for good, or was called often enough. A registry
// that asks to wait for longer than LongestWait makes it fail with a
// *failure.LongWaitError.
func (p Policy) Do(ctx context.Context, waiting Waiting, try func(context.Context) error) error {
	for attempt := 1; ; attempt++ {
		again, err := p.Again(ctx, attempt, try(ctx), waiting)
		if !again {
			return err
		}
	}
}

// Again tells whether there is to be another attempt after one that ended with err, and
// waits for its time. If there is none, it returns what has failed.
func (p Policy) Again(ctx context.Context, attempt int, err error, waiting Waiting) (bool, error) {
	if err == nil || ctx.Err() != nil || attempt >= p.Attempts || !failure.IsTransient(err) {
		return false, err
	}
	wait := p.Backoff(attempt)
	host, after := failure.RetryAfter(err)
	if !after.IsZero() {
		wait = max(0, time.Until(after))
	}
	if wait > LongestWait {
		return false, failure.LongWait(err, host, wait, LongestWait)
	}
	waiting(attempt+1, err, wait)
	return Sleep(ctx, wait) == nil, err
}

// Backoff is the wait after an attempt, a quarter more or less at random.
func (p Policy) Backoff(attempt int) time.Duration {
	d := min(p.First<<(attempt-1), p.Longest)
	return time.Duration(float64(d) * (0.75 + rand.Float64()/2))
}

// Sleep waits, or returns the error of the context if that ends first.
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
