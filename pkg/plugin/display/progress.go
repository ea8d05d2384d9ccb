package display

import (
	"fmt"
	"io"
	"sync"
	"time"

	"github.com/vbauerster/mpb/v8"
	"github.com/vbauerster/mpb/v8/decor"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/plugin/terminal"
)

// Progress shows the progress of a sync: one bar on a terminal, else a line for each image
// that is finished. It is a transfer.Observer.
type Progress struct {
	out   io.Writer     // of lines
	bars  *mpb.Progress // nil: there are only lines
	bar   *mpb.Bar
	meter meter

	mu     sync.Mutex // of what follows
	done   int
	total  int
	waited map[string]time.Time // by host: until when a line said that it is waited for
}

// NewProgress shows on out how a number of images are copied. Without bars, there are lines
// on a terminal, too.
func NewProgress(out io.Writer, total int, noBars bool) *Progress {
	p := &Progress{out: out, total: total, waited: map[string]time.Time{}}
	if noBars || !terminal.Is(out) {
		return p
	}
	p.bars = mpb.New(mpb.WithOutput(terminal.Raw(out)), mpb.WithWidth(40), mpb.WithRefreshRate(150*time.Millisecond)) //nolint:forbidigo // bars move the cursor
	p.bar = p.bars.AddBar(1,
		mpb.PrependDecorators(decor.Any(func(decor.Statistics) string { return p.counts() + " " })),
		mpb.AppendDecorators(decor.Any(func(decor.Statistics) string { return " " + p.meter.state(time.Now()) })))
	p.out = terminal.New(p.bars)
	return p
}

func (p *Progress) counts() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return fmt.Sprintf("%d/%d images", p.done, p.total)
}

// Started is part of transfer.Observer.
func (p *Progress) Started(images.Copy) {}

// Planned is part of transfer.Observer.
func (p *Progress) Planned(bytes int64) {
	p.meter.plan(bytes)
	p.draw()
}

// Saved is part of transfer.Observer.
func (p *Progress) Saved(bytes int64) {
	p.meter.save(bytes)
	p.draw()
}

// Transferred is part of transfer.Observer.
func (p *Progress) Transferred(_ images.Copy, bytes int64) {
	p.meter.move(time.Now(), bytes)
	p.draw()
}

// draw gives the bar its length.
func (p *Progress) draw() {
	if p.bars == nil {
		return
	}
	done, total := p.meter.length()
	p.bar.SetTotal(total+1, false) // the last one is for Close
	p.bar.SetCurrent(done)
}

// Waiting is part of transfer.Observer. Images that wait for the same host are one line.
func (p *Progress) Waiting(host, reason string, delay time.Duration) {
	until := time.Now().Add(delay)
	p.mu.Lock()
	known := until.Before(p.waited[host].Add(time.Second))
	if !known {
		p.waited[host] = until
	}
	p.mu.Unlock()
	if !known {
		p.line("waiting %s for %s: %s", delay.Round(time.Second/10), host, reason)
	}
}

// Finished is part of transfer.Observer. The bar shows those that went well by its count.
func (p *Progress) Finished(result images.Result) {
	switch {
	case result.Outcome == images.Failed:
		p.line("failed   %s: %s", result.Source, result.Error)
	case result.Outcome == images.Copied && p.bars == nil:
		p.line("copied   %s (%s, %.1f s)", result.Source, Size(result.Bytes), result.Seconds)
	case p.bars == nil:
		p.line("%-8s %s", result.Outcome, result.Source)
	}
	for _, note := range result.Notes {
		p.line("note     %s: %s", result.Source, note)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if result.Outcome != images.Skipped {
		p.done++
	}
}

// line writes a line, above the bar on a terminal.
func (p *Progress) line(format string, args ...any) {
	fmt.Fprintf(p.out, format+"\n", args...)
}

// Close leaves the terminal as a line with the last state.
func (p *Progress) Close() {
	if p.bars == nil {
		return
	}
	p.bar.Abort(false)
	p.bars.Wait()
}
