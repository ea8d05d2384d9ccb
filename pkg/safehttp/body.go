package safehttp

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/bounded"
)

// pace is the number of bytes that must arrive within the idle timeout. A server that sends
// single bytes counts as idle.
const pace = 16 << 10

// IdleTimeoutError is a connection that transfers almost nothing. It is a net.Error with
// Timeout() true.
type IdleTimeoutError struct {
	Limit time.Duration // idle time
}

func (e *IdleTimeoutError) Error() string {
	return fmt.Sprintf("no data was transferred for %s", e.Limit)
}

// Timeout implements net.Error.
func (e *IdleTimeoutError) Timeout() bool { return true }

// Temporary implements net.Error.
func (e *IdleTimeoutError) Temporary() bool { return true }

// body limits the idle time and the size of an answer. Only time within Read counts: the
// reader may pause between reads.
type body struct {
	inner  io.ReadCloser
	cancel context.CancelCauseFunc
	cause  func() error // cause of the cancellation, nil if the request was not canceled
	timer  *time.Timer

	stall   time.Duration
	left    time.Duration // remaining idle time
	arrived int           // bytes since left was reset
	limit   int64
	rest    int64 // remaining bytes of the limit
}

// newBody limits a body; cancel cancels the request of the body.
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
	b.cancel(nil) // release the request
	return n, err
}

// watch reads, and cancels the request after the idle timeout.
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
