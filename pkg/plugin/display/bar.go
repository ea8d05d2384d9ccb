package display

import (
	"io"
	"time"

	"github.com/vbauerster/mpb/v8"
	"github.com/vbauerster/mpb/v8/decor"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/plugin/terminal"
)

// bar is a progress bar on a terminal: the number of images, the bytes and the rate. A nil bar
// shows nothing.
type bar struct {
	container *mpb.Progress
	bar       *mpb.Bar
	meter     meter
}

// newBar shows a bar on a terminal. counts is the text in front of the bar.
func newBar(out io.Writer, images int, counts func() string) *bar {
	b := &bar{container: mpb.New(mpb.WithOutput(terminal.Raw(out)), mpb.WithWidth(40), mpb.WithAutoRefresh(), mpb.WithRefreshRate(150*time.Millisecond)), meter: meter{images: images}} //nolint:forbidigo // bars move the cursor
	b.bar = b.container.AddBar(full,
		mpb.PrependDecorators(decor.Any(func(decor.Statistics) string { return counts() + " " })),
		mpb.AppendDecorators(decor.Any(func(decor.Statistics) string { return " " + b.meter.state(time.Now()) })))
	return b
}

// update changes the numbers, and sets the length of the bar.
func (b *bar) update(change func(*meter)) {
	if b == nil {
		return
	}
	change(&b.meter)
	b.bar.SetCurrent(b.meter.share())
}

// close leaves the last state of the bar on the terminal.
func (b *bar) close() {
	if b == nil {
		return
	}
	b.bar.Abort(false)
	b.container.Wait()
}
