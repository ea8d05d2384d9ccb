package transfer

import (
	"sync"
	"time"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images"
)

type trackerKey struct{}

// tracker keeps the books of one copy, and tells the observer. What comes in after
// its end, from requests that are being canceled, is ignored.
type tracker struct {
	copy     images.Copy
	observer Observer
	started  time.Time

	mu       sync.Mutex
	bytes    int64
	attempts int
	done     bool
}

func (t *tracker) uploaded(n int64) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.done {
		return
	}
	t.bytes += n
	t.observer.Transferred(t.copy, n)
}

// waiting notes that something is tried again; a copy took as many attempts as the
// request of it that took most.
func (t *tracker) waiting(attempt int, err error, d time.Duration) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.attempts = max(t.attempts, attempt)
	t.observer.Waiting(t.copy, err.Error(), d)
}

func (t *tracker) finish(outcome images.Outcome, digest string, err error) images.Result {
	t.mu.Lock()
	t.done = true
	res := images.Result{
		Source: t.copy.Source, Target: t.copy.Target, Kind: t.copy.Kind,
		Outcome: outcome, Digest: digest, Bytes: t.bytes,
	}
	if outcome != images.Skipped {
		res.Seconds, res.Attempts = time.Since(t.started).Seconds(), t.attempts
	}
	t.mu.Unlock()
	if err != nil {
		res.Class, res.Error, res.Remedy = Classify(err), err.Error(), remedyOf(err)
	}
	t.observer.Finished(res)
	return res
}
