// Package retry tries again what may succeed later, after the time that a registry asks for
// or, if it does not say, after waits that grow. It must not know what is tried.
package retry

import (
	"context"
	"math/rand/v2"
	"time"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/failure"
)

// Policy says how often and after which waits something is tried. It is the only
// place that retries: those of go-containerregistry are turned off.
type Policy struct {
	Attempts int
	First    time.Duration // the wait before the second attempt; it doubles from there
	Longest  time.Duration // but not beyond this, unless the registry says so, up to LongestWish
}

// Usual is what suits registries.
func Usual() Policy {
	return Policy{Attempts: 5, First: 500 * time.Millisecond, Longest: 30 * time.Second}
}

// Do calls try until it succeeds, fails for good, or was called often enough. waiting
// is called before each wait. A registry that asks to wait for longer than LongestWish makes
// it fail with a *failure.LongWaitError.
func (p Policy) Do(ctx context.Context, waiting func(attempt int, err error, d time.Duration), try func(context.Context) error) error {
	for attempt := 1; ; attempt++ {
		var asked wish
		err := try(context.WithValue(ctx, wishKey{}, &asked))
		if err == nil || ctx.Err() != nil || attempt >= p.Attempts || !failure.IsTransient(err) {
			return err
		}
		host, d, ok := asked.asked()
		if !ok {
			d = p.Backoff(attempt)
		}
		if d > LongestWish {
			return failure.LongWait(err, host, d, LongestWish)
		}
		waiting(attempt+1, err, d)
		if Sleep(ctx, d) != nil {
			return err
		}
	}
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
