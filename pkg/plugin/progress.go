package plugin

import (
	"fmt"
	"io"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"github.com/vbauerster/mpb/v8"
	"github.com/vbauerster/mpb/v8/decor"
	"golang.org/x/term"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images"
)

// progress shows how a sync goes on: one bar on a terminal, else a line for each image
// that is finished.
type progress struct {
	mu    sync.Mutex // of out, without bars
	out   io.Writer
	bars  *mpb.Progress // nil: lines
	bar   *mpb.Bar
	bytes atomic.Int64
}

func newProgress(out io.Writer, total int, noBars bool) *progress {
	p := &progress{out: out}
	if noBars || !isTerminal(out) {
		return p
	}
	p.bars = mpb.New(mpb.WithOutput(out), mpb.WithWidth(40), mpb.WithRefreshRate(150*time.Millisecond))
	p.bar = p.bars.AddBar(int64(total),
		mpb.PrependDecorators(decor.CountersNoUnit("%d/%d images ")),
		mpb.AppendDecorators(
			decor.Any(func(decor.Statistics) string { return " " + size(p.bytes.Load()) + " copied " }),
			decor.Elapsed(decor.ET_STYLE_MMSS)))
	return p
}

// isTerminal tells whether a writer is a terminal that can move its cursor.
func isTerminal(out io.Writer) bool {
	file, ok := out.(*os.File)
	return ok && term.IsTerminal(int(file.Fd())) && os.Getenv("TERM") != "dumb" && os.Getenv("NO_COLOR") == ""
}

// Started is part of transfer.Observer.
func (p *progress) Started(images.Copy) {}

// Transferred is part of transfer.Observer.
func (p *progress) Transferred(_ images.Copy, bytes int64) { p.bytes.Add(bytes) }

// Waiting is part of transfer.Observer.
func (p *progress) Waiting(step images.Copy, reason string, delay time.Duration) {
	p.line("waiting %s for %s: %s", delay.Round(time.Second/10), step.Source, reason)
}

// Finished is part of transfer.Observer. A bar shows those that went well by its length.
func (p *progress) Finished(result images.Result) {
	switch {
	case result.Outcome == images.Failed:
		p.line("failed   %s: %s", result.Source, result.Error)
	case result.Outcome == images.Copied && p.bars == nil:
		p.line("copied   %s (%s, %.1f s)", result.Source, size(result.Bytes), result.Seconds)
	case p.bars == nil:
		p.line("%-8s %s", result.Outcome, result.Source)
	}
	if p.bars != nil && result.Outcome != images.Skipped {
		p.bar.Increment()
	}
}

// line writes a line above the bar, if there is one.
func (p *progress) line(format string, args ...any) {
	p.mu.Lock()
	defer p.mu.Unlock()
	out := p.out
	if p.bars != nil {
		out = p.bars
	}
	fmt.Fprintf(out, format+"\n", args...)
}

// close leaves the terminal as a line with the last state.
func (p *progress) close() {
	if p.bars == nil {
		return
	}
	if !p.bar.Completed() {
		p.bar.Abort(false)
	}
	p.bars.Wait()
}
