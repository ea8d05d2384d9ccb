package display

import (
	"fmt"
	"io"
	"strings"
	"sync"
	"time"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/files"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/plugin/terminal"
)

// FileProgress shows the progress of a copy of files, as Progress does for images. It is a
// mirror.Observer.
type FileProgress struct {
	out   io.Writer // of lines; they are above the bar
	bar   *bar      // nil: only lines are shown
	waits waits

	mu    sync.Mutex // of done
	done  int
	total int
}

// NewFileProgress shows on out how a number of files are copied. noBars shows lines on a
// terminal as well.
func NewFileProgress(out io.Writer, total int, noBars bool) *FileProgress {
	p := &FileProgress{out: out, total: total}
	if !noBars && terminal.Is(out) {
		p.bar = newBar(out, total, p.counts)
		p.out = terminal.New(p.bar.container)
	}
	return p
}

func (p *FileProgress) counts() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return fmt.Sprintf("%d/%d files", p.done, p.total)
}

// Transferred is part of mirror.Observer.
func (p *FileProgress) Transferred(bytes int64) {
	p.bar.update(func(m *meter) { m.move(time.Now(), bytes) })
}

// Waiting is part of mirror.Observer. Files that wait for the same host share one line.
func (p *FileProgress) Waiting(host, reason string, delay time.Duration) {
	if p.waits.isNew(host, time.Now().Add(delay)) {
		p.line("waiting %s for %s: %s", delay.Round(time.Second/10), host, reason)
	}
}

// Finished is part of mirror.Observer. With a bar, files have no line: the bar counts them. The
// report at the end has the error of each file that failed.
func (p *FileProgress) Finished(r files.Result) {
	switch {
	case r.Outcome == files.Copied && p.bar == nil:
		p.line("copied   %s (%s, %.1f s)", r.Path, Size(r.Bytes), r.Seconds)
	case p.bar == nil:
		p.line("%-8s %s", r.Outcome, r.Path)
	}
	p.mu.Lock()
	if r.Outcome != files.Skipped {
		p.done++
	}
	p.mu.Unlock()
	p.bar.update(func(m *meter) { m.finish() })
}

func (p *FileProgress) line(format string, args ...any) {
	fmt.Fprintf(p.out, format+"\n", args...)
}

// Close leaves the last state of the bar on the terminal.
func (p *FileProgress) Close() { p.bar.close() }

// FilesReport prints on out the number of files with each outcome, and on errOut each file that
// failed, with the error and the remedy.
func FilesReport(out, errOut io.Writer, report files.FilesReport) {
	unchecked := 0
	var bytes int64
	for _, r := range report.Items {
		bytes += r.Bytes
		if r.Outcome.Good() && !r.Checked {
			unchecked++
		}
		if r.Outcome.Good() || r.Outcome == files.Skipped {
			continue
		}
		fmt.Fprintf(errOut, "%-9s %s: %s\n", r.Outcome, r.Path, r.Error)
		if r.Remedy != "" {
			fmt.Fprintf(errOut, "          %s\n", r.Remedy)
		}
	}
	var parts []string
	for _, outcome := range []files.FileOutcome{files.Copied, files.Present, files.Verified, files.Unchecked, files.Missing, files.Different, files.Failed, files.Skipped} {
		if n := report.Summary[outcome]; n > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", n, outcome))
		}
	}
	text := strings.Join(parts, ", ")
	if text == "" {
		text = "no files"
	}
	if bytes > 0 {
		text += " (" + Size(bytes) + ")"
	}
	fmt.Fprintf(out, "%s: %s\n", report.Target, text)
	if unchecked > 0 {
		fmt.Fprintf(errOut, "note: nodes download %s without a published checksum, so the content was not verified\n", Count(unchecked, "file"))
	}
}
