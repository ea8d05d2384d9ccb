package display

import (
	"io"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images"
)

// Quiet shows only waits and warnings of a forecast, which copies nothing. Quiet is a
// transfer.Observer.
type Quiet struct{ *Progress }

// NewQuiet shows waits and warnings on out.
func NewQuiet(out io.Writer) Quiet { return Quiet{NewProgress(out, 0, true)} }

// Finished is part of transfer.Observer.
func (Quiet) Finished(images.Result) {}
