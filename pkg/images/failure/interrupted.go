package failure

import (
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/bounded"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/safehttp"
)

// InterruptedError is an answer or an upload that ended too early.
type InterruptedError struct{ Err error }

func (e *InterruptedError) Error() string { return "the connection broke off: " + e.Err.Error() }
func (e *InterruptedError) Unwrap() error { return e.Err }

// Class tells the class of the error.
func (e *InterruptedError) Class() images.Class {
	if IsTLS(e.Err) {
		return images.ClassTLS
	}
	return images.ClassNetwork
}

// Transient tells whether another try may help.
func (e *InterruptedError) Transient() bool { return !IsTLS(e.Err) }

// Interrupted is the error of a request that ended in the middle of a body; cause is why it
// was canceled, nil if it was not.
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

// LongWaitError is an answer that may be another one later, but too late to wait for.
type LongWaitError struct {
	Host         string // that asked to wait
	Asked, Limit time.Duration
	Err          error // the answer
}

// LongWait says of an answer that a host asked for too long a wait. What was tried stays in
// front.
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

// Describe says how long a wait was asked for, and why.
func (e *LongWaitError) Describe() string {
	asked := e.Asked.Round(time.Second).String()
	if days := int(e.Asked.Hours() / 24); days > 1 {
		asked = fmt.Sprintf("%d days", days)
	}
	return fmt.Sprintf("%s; %s asks to try again after %s (Retry-After), and no more than %s are waited: try again later, or ask its administrator",
		Describe(e.Err), e.Host, asked, e.Limit)
}

// Transient tells that another try does not help.
func (e *LongWaitError) Transient() bool { return false }
