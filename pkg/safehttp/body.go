package safehttp

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/bounded"
)

// pace is how many bytes have to arrive in the time after which a body stands still. A
// server that sends a byte now and then is no better than one that sends nothing.
const pace = 16 << 10

// IdleTimeoutError is a connection on which next to nothing moves any more. It is a net.Error
// that is a timeout.
type IdleTimeoutError struct {
	Limit time.Duration // how long it has stood still
}

func (e *IdleTimeoutError) Error() string { return fmt.Sprintf("nothing moved for %s", e.Limit) }

// Timeout implements net.Error.
func (e *IdleTimeoutError) Timeout() bool { return true }

// Temporary implements net.Error.
func (e *IdleTimeoutError) Temporary() bool { return true }

// body is given up if it stands still or does not end. Only time that is spent on reading
// counts: a reader may take as long as it wants.
type body struct {
	inner  io.ReadCloser
	cancel context.CancelCauseFunc
	cause  func() error // why the request was canceled, nil if it was not
	timer  *time.Timer

	stall   time.Duration
	left    time.Duration // until it stands still
	arrived int           // bytes since left was filled up
	limit   int64
	rest    int64 // bytes that it may still have
}

// newBody watches a body; cancel ends the request with the context that it comes from.
func newBody(ctx context.Context, cancel context.CancelCauseFunc, inner io.ReadCloser, stall time.Duration, limit int64) *body {
	timer := time.AfterFunc(stall, func() { cancel(&IdleTimeoutError{Limit: stall}) })
	timer.Stop()
	return &body{
		inner: inner, cancel: cancel, cause: func() error { return context.Cause(ctx) }, timer: timer,
		stall: stall, left: stall, limit: limit, rest: limit,
	}
}

// Read implements io.Reader.
func (b *body) Read(p []byte) (int, error) {
	if b.rest < 0 {
		return 0, &bounded.ExceededError{Limit: b.limit}
	}
	n, err := b.watch(p)
	if b.rest -= int64(n); b.rest < 0 {
		n += int(b.rest)
		err = &bounded.ExceededError{Limit: b.limit}
	}
	var stalled *IdleTimeoutError
	switch {
	case err == nil:
		return n, nil
	case !errors.Is(err, io.EOF) && errors.As(b.cause(), &stalled):
		err = stalled
	}
	b.cancel(nil) // nothing more is read of it
	return n, err
}

// watch reads, and cancels the request if that takes too long.
func (b *body) watch(p []byte) (int, error) {
	begun := time.Now()
	b.timer.Reset(b.left)
	n, err := b.inner.Read(p)
	b.timer.Stop()
	b.left = max(0, b.left-time.Since(begun))
	if b.arrived += n; b.arrived >= pace {
		b.arrived, b.left = 0, b.stall
	}
	return n, err
}

// Close implements io.Closer.
func (b *body) Close() error {
	b.timer.Stop()
	err := b.inner.Close()
	b.cancel(nil)
	return err
}
