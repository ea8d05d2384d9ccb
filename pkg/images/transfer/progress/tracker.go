// Package progress keeps the books of the copy of one image, and tells an observer. It must
// not know how anything is moved, nor how it is shown.
package progress

import (
	"cmp"
	"fmt"
	"sync"
	"time"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/failure"
)

// Tracker keeps the books of one copy, and tells the observer. What comes in after
// its end, from requests that are being canceled, is ignored.
type Tracker struct {
	copy     images.Copy
	observer Observer
	paused   func() // called when the copy has to wait long; may be nil

	mu       sync.Mutex
	started  time.Time // zero before the first request
	bytes    int64
	mounted  int64
	attached int
	moved    *images.Move
	notes    []string
	attempts int
	done     bool
}

// longWait is from when on others do not wait for an image that has to.
const longWait = 2 * time.Second

// New returns the books of a copy. observer may be nil, and so may paused, which is called
// when the copy has to wait long.
func New(c images.Copy, o Observer, paused func()) *Tracker {
	return &Tracker{copy: c, observer: OrNobody(o), paused: paused, attempts: 1}
}

func (t *Tracker) pause() {
	if t.paused != nil {
		t.paused()
	}
}

// Start notes that a request is about to be sent.
func (t *Tracker) Start() {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.started.IsZero() {
		t.started = time.Now()
		t.observer.Started(t.copy)
	}
}

// Mount notes bytes that did not have to move.
func (t *Tracker) Mount(n int64) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.mounted += n
}

// Sent notes bytes that were sent to the target.
func (t *Tracker) Sent(n int64) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.done {
		return
	}
	t.bytes += n
	t.observer.Transferred(t.copy, n)
}

// Waiting notes that something is tried again; a copy took as many attempts as the
// request of it that took most.
func (t *Tracker) Waiting(attempt int, err error, d time.Duration) {
	if d >= longWait {
		t.pause()
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.done {
		return
	}
	t.attempts = max(t.attempts, attempt)
	t.observer.Waiting(t.host(err), err.Error(), d)
}

// host is the registry at which something failed. An archive has none; then the registry of
// the source is waited for.
func (t *Tracker) host(err error) string {
	if failure.IsAtTarget(err) {
		return cmp.Or(t.copy.Target.Registry, t.copy.Source.Registry)
	}
	return t.copy.Source.Registry
}

// Remark notes what the report says beside the outcome.
func (t *Tracker) Remark(attached, foreign int) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.attached = attached
	if foreign > 0 {
		t.notes = append(t.notes, fmt.Sprintf("%d of its layers may not be distributed, and were left where they are", foreign))
	}
}

// Note notes a sentence for the report.
func (t *Tracker) Note(text string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.notes = append(t.notes, text)
}

// Moved notes that the image is gone from its source, and where it is.
func (t *Tracker) Moved(m images.Move) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.moved = &m
}

// Finish closes the books, and returns what is in them.
func (t *Tracker) Finish(outcome images.Outcome, digest string, err error) images.Result {
	t.mu.Lock()
	t.done = true
	res := images.Result{
		Source: t.copy.Source, Target: t.copy.Target, Also: t.copy.Also, Kind: t.copy.Kind,
		Outcome: outcome, Digest: digest, Bytes: t.bytes, Mounted: t.mounted, Attached: t.attached, Moved: t.moved, Notes: t.notes,
	}
	if t.moved != nil {
		res.Notes = append(res.Notes, t.moved.Note(t.copy.Source, used(outcome)))
	}
	if outcome != images.Skipped && !t.started.IsZero() {
		res.Seconds, res.Attempts = time.Since(t.started).Seconds(), t.attempts
	}
	t.mu.Unlock()
	if err != nil {
		res.Class, res.Error, res.Remedy = failure.Classify(err), err.Error(), failure.RemedyOf(err)
	}
	t.observer.Finished(res)
	return res
}

// used says what the place was used for that an image has moved to.
func used(o images.Outcome) string {
	if o == images.Present {
		return "compared with"
	}
	return "taken from"
}
