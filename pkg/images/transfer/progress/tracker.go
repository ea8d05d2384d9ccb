// Package progress records the progress of the copy of one image, and reports it to an
// observer. It must not know how images are copied, nor how progress is displayed.
package progress

import (
	"cmp"
	"fmt"
	"sync"
	"time"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/failure"
)

// Tracker records the progress of one copy. Calls after Finish, from canceled requests, are
// ignored.
type Tracker struct {
	copy     images.Copy
	observer Observer
	paused   func() // called before a long wait; may be nil

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

// longWait is the wait from which other images no longer wait for this one.
const longWait = 2 * time.Second

// New returns a tracker. observer may be nil. paused is called before a long wait, and may
// be nil.
func New(c images.Copy, o Observer, paused func()) *Tracker {
	return &Tracker{copy: c, observer: OrNobody(o), paused: paused, attempts: 1}
}

func (t *Tracker) pause() {
	if t.paused != nil {
		t.paused()
	}
}

// Start records that a request is about to be sent.
func (t *Tracker) Start() {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.started.IsZero() {
		t.started = time.Now()
		t.observer.Started(t.copy)
	}
}

// Mount records bytes that were mounted.
func (t *Tracker) Mount(n int64) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.mounted += n
}

// Sent records bytes that were sent to the target.
func (t *Tracker) Sent(n int64) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.done {
		return
	}
	t.bytes += n
	t.observer.Transferred(t.copy, n)
}

// Waiting records a retry. The number of attempts of a copy is the highest number of
// attempts of its requests.
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

// host returns the registry of an error. For an archive, it returns the registry of the
// source.
func (t *Tracker) host(err error) string {
	if failure.IsAtTarget(err) {
		return cmp.Or(t.copy.Target.Registry, t.copy.Source.Registry)
	}
	return t.copy.Source.Registry
}

// Remark records the number of copied referrers and of non-distributable layers.
func (t *Tracker) Remark(attached, foreign int) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.attached = attached
	if foreign > 0 {
		t.notes = append(t.notes, fmt.Sprintf("non-distributable layers that were not copied: %d", foreign))
	}
}

// Note records a note for the report.
func (t *Tracker) Note(text string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.notes = append(t.notes, text)
}

// Moved records the new repository of the image.
func (t *Tracker) Moved(m images.Move) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.moved = &m
}

// Finish ends the tracker and returns the result of the copy.
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
		res.Class, res.Error, res.Cause, res.Remedy = failure.Classify(err), err.Error(), failure.Cause(err), failure.RemedyOf(err)
	}
	t.observer.Finished(res)
	return res
}

// used returns how the new repository of the image was used.
func used(o images.Outcome) string {
	if o == images.Present {
		return "compared with"
	}
	return "taken from"
}
