package transfer

import (
	"context"
	"fmt"
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
	paused   func() // called when the copy has to wait long

	mu       sync.Mutex
	started  time.Time // zero before the first request
	bytes    int64
	mounted  int64
	attached int
	notes    []string
	attempts int
	done     bool
}

// longWait is from when on others do not wait for an image that has to.
const longWait = 2 * time.Second

// trackerOf is the tracker of the copy that a request is for.
func trackerOf(ctx context.Context) *tracker {
	if t, ok := ctx.Value(trackerKey{}).(*tracker); ok {
		return t
	}
	return &tracker{observer: nobody{}, paused: func() {}}
}

// start notes that the first request is about to be sent.
func (t *tracker) start() {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.started.IsZero() {
		t.started = time.Now()
		t.observer.Started(t.copy)
	}
}

// mount notes bytes that did not have to move.
func (t *tracker) mount(n int64) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.mounted += n
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
	if d >= longWait {
		t.paused()
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.done {
		return
	}
	t.attempts = max(t.attempts, attempt)
	t.observer.Waiting(t.copy, err.Error(), d)
}

// remark notes what the report says beside the outcome.
func (t *tracker) remark(attached, foreign int) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.attached = attached
	if foreign > 0 {
		t.notes = append(t.notes, fmt.Sprintf("%d of its layers may not be distributed, and were left where they are", foreign))
	}
}

// note notes a sentence for the report.
func (t *tracker) note(text string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.notes = append(t.notes, text)
}

func (t *tracker) finish(outcome images.Outcome, digest string, err error) images.Result {
	t.mu.Lock()
	t.done = true
	res := images.Result{
		Source: t.copy.Source, Target: t.copy.Target, Kind: t.copy.Kind,
		Outcome: outcome, Digest: digest, Bytes: t.bytes, Mounted: t.mounted, Attached: t.attached, Notes: t.notes,
	}
	if outcome != images.Skipped && !t.started.IsZero() {
		res.Seconds, res.Attempts = time.Since(t.started).Seconds(), t.attempts
	}
	t.mu.Unlock()
	if err != nil {
		res.Class, res.Error, res.Remedy = Classify(err), err.Error(), remedyOf(err)
	}
	t.observer.Finished(res)
	return res
}
