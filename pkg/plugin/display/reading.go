package display

import (
	"fmt"
	"io"
	"sync"
	"time"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/plugin/terminal"
)

// When Reading shows the state. Most installations are read within 2 s. Without a terminal, each time
// is one more line, so the first line comes later.
const (
	readingFirst    = 2 * time.Second
	readingOnScreen = 200 * time.Millisecond
	readingInLines  = 15 * time.Second
)

// Reading shows how many user clusters were read, if reading takes long: in one place on a
// terminal, and otherwise as lines. Reading is a writer for other lines, which do not mix with the
// state.
type Reading struct {
	out   io.Writer
	raw   io.Writer // for control sequences; nil: no terminal
	first time.Duration
	every time.Duration

	mu          sync.Mutex
	read, known int
	shown       bool // the state is in the current line of the terminal
	timer       *time.Timer
	closed      bool
}

// NewReading shows on out what is read until Close is called.
func NewReading(out io.Writer) *Reading {
	r := &Reading{out: out, first: readingInLines, every: readingInLines}
	if terminal.Is(out) {
		r.raw, r.first, r.every = terminal.Raw(out), readingFirst, readingOnScreen //nolint:forbidigo // replaces the line that it wrote before
	}
	r.start()
	return r
}

func (r *Reading) start() {
	r.mu.Lock() // show needs the timer
	defer r.mu.Unlock()
	r.timer = time.AfterFunc(r.first, r.show)
}

// Progress notes how many user clusters are known, and how many of them were read.
func (r *Reading) Progress(read, known int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.read, r.known = read, known
}

// show prints the state, and does that again later.
func (r *Reading) show() {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.closed {
		return
	}
	text := "reading the clusters"
	if r.known > 0 {
		text = fmt.Sprintf("reading user clusters %d/%d", r.read, r.known)
	}
	r.erase()
	if r.raw == nil {
		text += "\n"
	}
	fmt.Fprint(r.out, text)
	r.shown = r.raw != nil
	r.timer.Reset(r.every)
}

// erase removes the state from the terminal.
func (r *Reading) erase() {
	if r.shown {
		fmt.Fprint(r.raw, "\r\x1b[K")
		r.shown = false
	}
}

// Write implements io.Writer.
func (r *Reading) Write(text []byte) (int, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.erase()
	return r.out.Write(text)
}

// Close removes the state from the terminal, and shows nothing more. Write works as before.
func (r *Reading) Close() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.closed = true
	r.timer.Stop()
	r.erase()
}
