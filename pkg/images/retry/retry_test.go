package retry_test

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/retry"
)

// later is a transient error.
type later struct{ after time.Time }

func (*later) Error() string                     { return "later" }
func (*later) Transient() bool                   { return true }
func (e *later) RetryAfter() (string, time.Time) { return "hub", e.after }

func TestBackoff(t *testing.T) {
	p := retry.Usual()
	for attempt, want := range map[int]time.Duration{1: 500 * time.Millisecond, 2: time.Second, 4: 4 * time.Second, 20: 30 * time.Second} {
		if got := p.Backoff(attempt); got < want*3/4 || got > want*5/4 {
			t.Errorf("after attempt %d: %s, want about %s", attempt, got, want)
		}
	}
}

func TestAttemptsAndWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		start, tries := time.Now(), 0
		var waits []time.Duration
		err := retry.Usual().Do(t.Context(), func(_ int, _ error, d time.Duration) { waits = append(waits, d) }, func(context.Context) error {
			tries++
			return &later{}
		})
		if took := time.Since(start); err == nil || tries != 5 || len(waits) != 4 || took > 10*time.Second {
			t.Errorf("%d tries, waits %v, %s, %v", tries, waits, took, err)
		}

		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		start = time.Now()
		err = retry.Policy{Attempts: 5}.Do(ctx, func(int, error, time.Duration) {}, func(context.Context) error {
			return &later{after: time.Now().Add(10 * time.Minute)}
		})
		if took := time.Since(start); err == nil || took != time.Minute {
			t.Errorf("a wait of ten minutes was left after %s with %v", took, err)
		}
	})
}
