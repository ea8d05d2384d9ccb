package stream

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/transfer/faults"
)

// stallLimit is how long a registry may send or take nothing before the connection is
// given up.
const stallLimit = time.Minute

// StalledError is a connection on which nothing moves any more.
type StalledError struct{}

func (StalledError) Error() string { return fmt.Sprintf("nothing moved for %s", stallLimit) }

// Watched is a body that is given up if it stalls.
type Watched struct {
	body   io.ReadCloser
	cause  func() error // why the request was canceled, nil if it was not
	cancel context.CancelCauseFunc
	timer  *time.Timer
}

// NewWatched watches a body; cancel ends the request with the context that it comes from.
func NewWatched(ctx context.Context, cancel context.CancelCauseFunc, body io.ReadCloser) *Watched {
	timer := time.AfterFunc(stallLimit, func() { cancel(StalledError{}) })
	timer.Stop()
	return &Watched{body: body, timer: timer, cancel: cancel, cause: func() error { return context.Cause(ctx) }}
}

// Read implements io.Reader.
func (w *Watched) Read(p []byte) (int, error) {
	w.timer.Reset(stallLimit)
	n, err := w.body.Read(p)
	w.timer.Stop()
	if err != nil && !errors.Is(err, io.EOF) {
		err = MidBody(w.cause(), err)
	}
	return n, err
}

// Close implements io.Closer.
func (w *Watched) Close() error {
	w.timer.Stop()
	err := w.body.Close()
	w.cancel(nil)
	return err
}

// MidBody is the error of a request that ended in the middle; cause is why it was
// canceled, nil if it was not.
func MidBody(cause, err error) error {
	switch {
	case errors.Is(cause, StalledError{}):
		err = cause
	case cause != nil:
		return cause
	case errors.Is(err, io.EOF):
		err = io.ErrUnexpectedEOF
	}
	return &faults.BrokenError{Err: err}
}
