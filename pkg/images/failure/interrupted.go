package failure

import (
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/bounded"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/redact"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/safehttp"
)

// InterruptedError is an answer or an upload that ended before its end.
type InterruptedError struct{ Err error }

func (e *InterruptedError) Error() string { return "the connection broke: " + e.Err.Error() }
func (e *InterruptedError) Unwrap() error { return e.Err }

// Class returns the class of the error.
func (e *InterruptedError) Class() images.Class {
	if IsTLS(e.Err) {
		return images.ClassTLS
	}
	return images.ClassNetwork
}

// Transient reports whether a retry may help.
func (e *InterruptedError) Transient() bool { return !IsTLS(e.Err) }

// Interrupted returns the error of a request that failed within a body. cause is the cause
// of the cancellation, nil if the request was not canceled.
func Interrupted(cause, err error) error {
	var stalled *safehttp.IdleTimeoutError
	var exceeded *bounded.ExceededError
	switch {
	case errors.As(cause, &stalled):
		err = stalled
	case cause != nil:
		return cause
	case errors.As(err, &exceeded):
		return err
	case errors.Is(err, io.EOF):
		err = io.ErrUnexpectedEOF
	}
	return &InterruptedError{Err: err}
}

// NoAnswerError is a request without an answer within the limit. It is a net.Error with
// Timeout() true.
type NoAnswerError struct{ Limit time.Duration }

func (e *NoAnswerError) Error() string { return fmt.Sprintf("no answer for %s", e.Limit) }

// Timeout implements net.Error.
func (e *NoAnswerError) Timeout() bool { return true }

// Temporary implements net.Error.
func (e *NoAnswerError) Temporary() bool { return true }

// SilentError is the timeout of a host that has never answered. No more requests are sent
// to the host.
type SilentError struct{ Err error }

func (e *SilentError) Error() string { return e.Describe() }
func (e *SilentError) Unwrap() error { return e.Err }

// Describe returns the last timeout.
func (e *SilentError) Describe() string {
	return redact.Text(e.Err.Error()) + "; the host has never answered"
}

// Class returns the class of the error.
func (e *SilentError) Class() images.Class { return images.ClassNetwork }

// Transient reports that a retry does not help.
func (e *SilentError) Transient() bool { return false }

// LongWaitError is an error that is transient, but whose Retry-After exceeds the limit.
type LongWaitError struct {
	Host         string // host that sent Retry-After
	Asked, Limit time.Duration
	Err          error // the error of the request
}

// LongWait converts an error into a *LongWaitError, and keeps an *OperationError around it.
func LongWait(err error, host string, asked, limit time.Duration) error {
	var operation *OperationError
	if errors.As(err, &operation) {
		tried := *operation
		tried.Err = &LongWaitError{Host: host, Asked: asked, Limit: limit, Err: operation.Err}
		return &tried
	}
	return &LongWaitError{Host: host, Asked: asked, Limit: limit, Err: err}
}

func (e *LongWaitError) Error() string { return e.Describe() }
func (e *LongWaitError) Unwrap() error { return e.Err }

// Describe returns the error, the wait and the limit.
func (e *LongWaitError) Describe() string {
	asked := e.Asked.Round(time.Second).String()
	if days := int(e.Asked.Hours() / 24); days > 1 {
		asked = fmt.Sprintf("%d days", days)
	}
	return fmt.Sprintf("%s; %s asks to retry after %s (Retry-After), more than the limit of %s: run the command again later, allow the wait with --max-wait, or ask the administrator of the server",
		Describe(e.Err), e.Host, asked, e.Limit)
}

// Transient reports that a retry does not help.
func (e *LongWaitError) Transient() bool { return false }
