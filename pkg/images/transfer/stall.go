package transfer

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"
)

// stallLimit is how long a registry may send or take nothing before the connection is
// given up.
const stallLimit = time.Minute

// stalledError is a connection on which nothing moves any more.
type stalledError struct{}

func (stalledError) Error() string { return fmt.Sprintf("nothing moved for %s", stallLimit) }

// watched is a body that is given up if it stalls.
type watched struct {
	body   io.ReadCloser
	cause  func() error // why the request was canceled, nil if it was not
	cancel context.CancelCauseFunc
	timer  *time.Timer
}

func newWatched(ctx context.Context, cancel context.CancelCauseFunc, body io.ReadCloser) *watched {
	timer := time.AfterFunc(stallLimit, func() { cancel(stalledError{}) })
	timer.Stop()
	return &watched{body: body, timer: timer, cancel: cancel, cause: func() error { return context.Cause(ctx) }}
}

// Read implements io.Reader.
func (w *watched) Read(p []byte) (int, error) {
	w.timer.Reset(stallLimit)
	n, err := w.body.Read(p)
	w.timer.Stop()
	if err != nil && !errors.Is(err, io.EOF) {
		err = midBody(w.cause(), err)
	}
	return n, err
}

// Close implements io.Closer.
func (w *watched) Close() error {
	w.timer.Stop()
	err := w.body.Close()
	w.cancel(nil)
	return err
}

// midBody is the error of a request that ended in the middle; cause is why it was
// canceled, nil if it was not.
func midBody(cause, err error) error {
	switch {
	case errors.Is(cause, stalledError{}):
		err = cause
	case cause != nil:
		return cause
	case errors.Is(err, io.EOF):
		err = io.ErrUnexpectedEOF
	}
	return &brokenError{err}
}
