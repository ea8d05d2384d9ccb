package events

import (
	"bytes"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"io"
	"sync"
	"time"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images"
)

const (
	interval  = 2 * time.Second // between events of progress
	lineBytes = 12 << 10        // of the results in one event: containerd splits lines at 16 KiB
	noteBytes = 64 << 10        // of a line on stderr; the rest is cut
)

// Writer writes the events of one process. It implements progress.Observer. Errors of the output
// are ignored: without a log, the copy continues.
type Writer struct {
	mu       sync.Mutex
	out      io.Writer
	run      string
	number   int64
	sums     Progress
	reported Progress
	last     time.Time       // of the last event of progress
	note     []byte          // of a line that has no end yet
	results  []images.Result // so far
}

// NewWriter returns a writer to out for a process that starts now.
func NewWriter(out io.Writer) *Writer {
	random := make([]byte, 4)
	_, _ = rand.Read(random) // never fails (crypto/rand)
	return &Writer{out: out, run: fmt.Sprintf("%016x%x", time.Now().UnixNano(), random)}
}

// Begin tells the number of images.
func (w *Writer) Begin(total int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.sums.Images = total
	w.progress()
}

// Started is part of progress.Observer.
func (w *Writer) Started(images.Copy) {}

// Planned is part of progress.Observer.
func (w *Writer) Planned(n int64) { w.add(func(p *Progress) { p.Planned += n }) }

// Resolved is part of progress.Observer.
func (w *Writer) Resolved() { w.add(func(p *Progress) { p.Resolved++ }) }

// Saved is part of progress.Observer.
func (w *Writer) Saved(n int64) { w.add(func(p *Progress) { p.Saved += n }) }

// Transferred is part of progress.Observer.
func (w *Writer) Transferred(_ images.Copy, n int64) { w.add(func(p *Progress) { p.Sent += n }) }

// Waiting is part of progress.Observer.
func (w *Writer) Waiting(host, reason string, d time.Duration) {
	w.event(Event{Type: TypeWait, Wait: &Wait{Host: host, Reason: reason, Seconds: d.Seconds()}})
}

// Warned is part of progress.Observer.
func (w *Writer) Warned(text string) { w.event(Event{Type: TypeNote, Text: "warning: " + text}) }

// Finished is part of progress.Observer.
func (w *Writer) Finished(r images.Result) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.results = append(w.results, r)
	w.progress()
	w.write(Event{Type: TypeImage, Items: []images.Result{r}})
}

// End writes all results again and then the report, the last event. message is the error as the
// process prints it, "" for none.
func (w *Writer) End(exit int, message string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.endNote()
	w.progress()
	var items []images.Result
	size := 0
	for _, r := range w.results {
		data, _ := json.Marshal(r) // of texts and numbers
		if size += len(data); size > lineBytes && len(items) > 0 {
			w.write(Event{Type: TypeResults, Items: items})
			items, size = nil, len(data)
		}
		items = append(items, r)
	}
	if len(items) > 0 {
		w.write(Event{Type: TypeResults, Items: items})
	}
	w.write(Event{Type: TypeReport, Report: &Report{Exit: exit, Error: message, Results: len(w.results)}})
}

// add changes the sums, and writes them from time to time.
func (w *Writer) add(change func(*Progress)) {
	w.mu.Lock()
	defer w.mu.Unlock()
	change(&w.sums)
	if time.Since(w.last) >= interval {
		w.progress()
	}
}

// event writes an event, after the progress so far.
func (w *Writer) event(e Event) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.progress()
	w.write(e)
}

// progress writes the sums if they have changed. The lock must be held.
func (w *Writer) progress() {
	if w.sums == w.reported {
		return
	}
	sums := w.sums
	w.reported, w.last = sums, time.Now()
	w.write(Event{Type: TypeProgress, Progress: &sums})
}

// write writes a line. The lock must be held.
func (w *Writer) write(e Event) {
	w.number++
	e.Version, e.Run, e.Number = Version, w.run, w.number
	line, err := json.Marshal(e)
	if err == nil {
		_, _ = w.out.Write(append(line, '\n')) // one call: lines of several processes are not mixed
	}
}

// Notes returns a writer for stderr: each line becomes a note.
func (w *Writer) Notes() io.Writer { return notes{w} }

type notes struct{ w *Writer }

// Write implements io.Writer.
func (n notes) Write(p []byte) (int, error) {
	n.w.mu.Lock()
	defer n.w.mu.Unlock()
	for rest := p; len(rest) > 0; {
		line, after, ended := bytes.Cut(rest, []byte("\n"))
		n.w.note = append(n.w.note, line[:min(len(line), noteBytes-len(n.w.note))]...)
		if ended {
			n.w.endNote()
		}
		rest = after
	}
	return len(p), nil
}

// endNote writes the note so far, if any. The lock must be held.
func (w *Writer) endNote() {
	if len(w.note) > 0 {
		w.write(Event{Type: TypeNote, Text: string(w.note)})
		w.note = w.note[:0]
	}
}
