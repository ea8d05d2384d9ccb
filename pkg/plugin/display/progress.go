package display

import (
	"fmt"
	"io"
	"sync"
	"time"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/plugin/terminal"
)

// Progress shows the progress of a sync: a bar on a terminal, and otherwise a line for each
// finished image. Progress is a transfer.Observer.
type Progress struct {
	out   io.Writer // of lines; they are above the bar
	bar   *bar      // nil: only lines are shown
	waits waits

	mu     sync.Mutex // of done and failed
	done   int
	failed int
	total  int
}

// NewProgress shows on out how a number of images are copied. noBars shows lines on a terminal
// as well.
func NewProgress(out io.Writer, total int, noBars bool) *Progress {
	p := &Progress{out: out, total: total}
	if !noBars && terminal.Is(out) {
		p.bar = newBar(out, total, p.counts)
		p.out = terminal.New(p.bar.container)
	}
	return p
}

func (p *Progress) counts() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	text := fmt.Sprintf("%d/%d images", p.done, p.total)
	if p.failed > 0 {
		text += fmt.Sprintf(", %d failed", p.failed)
	}
	return text
}

// Started is part of transfer.Observer.
func (p *Progress) Started(images.Copy) {}

// Planned is part of transfer.Observer.
func (p *Progress) Planned(bytes int64) {
	p.bar.update(func(m *meter) { m.plan(bytes) })
}

// Resolved is part of transfer.Observer.
func (p *Progress) Resolved() {
	p.bar.update(func(m *meter) { m.resolve() })
}

// Saved is part of transfer.Observer.
func (p *Progress) Saved(bytes int64) {
	p.bar.update(func(m *meter) { m.save(bytes) })
}

// Transferred is part of transfer.Observer.
func (p *Progress) Transferred(_ images.Copy, bytes int64) {
	p.bar.update(func(m *meter) { m.move(time.Now(), bytes) })
}

// Waiting is part of transfer.Observer. Images that wait for the same host share one line.
func (p *Progress) Waiting(host, reason string, delay time.Duration) {
	if p.waits.isNew(host, time.Now().Add(delay)) {
		p.line("waiting %s for %s: %s", delay.Round(time.Second/10), host, reason)
	}
}

// Warned is part of transfer.Observer.
func (p *Progress) Warned(text string) { p.line("warning: %s", text) }

// Finished is part of transfer.Observer. With a bar, images have no line: the bar counts them.
// The cause of failures is shown at the end, once for all images with the same cause.
func (p *Progress) Finished(result images.Result) {
	switch {
	case result.Outcome == images.Copied && p.bar == nil:
		p.line("copied   %s (%s, %.1f s)", result.Source, Size(result.Bytes), result.Seconds)
	case p.bar == nil:
		p.line("%-8s %s", result.Outcome, result.Source)
	}
	for _, note := range result.Notes {
		p.line("note     %s: %s", result.Source, note)
	}
	p.mu.Lock()
	if result.Outcome != images.Skipped {
		p.done++
	}
	if result.Outcome == images.Failed {
		p.failed++
	}
	p.mu.Unlock()
	p.bar.update(func(m *meter) { m.finish() })
}

// Say shows a line above the bar.
func (p *Progress) Say(text string) { p.line("%s", text) }

func (p *Progress) line(format string, args ...any) {
	fmt.Fprintf(p.out, format+"\n", args...)
}

// Close leaves the last state of the bar on the terminal.
func (p *Progress) Close() { p.bar.close() }
