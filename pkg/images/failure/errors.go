// Package failure knows what can go wrong between registries and archives: what an error
// says, of which class it is, what to do about it, and whether another try may help. It
// tries nothing itself, and prints nothing.
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

// StepError says what was tried on what.
type StepError struct {
	Doing string // "pulling", "pushing"
	Where string // the reference, and through which registry
	What  string // the part of the image; "" if it is the image itself
	Push  bool   // it happened at the target
	Err   error
}

func (e *StepError) Error() string {
	s := e.Doing + " " + e.Where + ": "
	if e.What != "" {
		s += e.What + ": "
	}
	return s + Describe(e.Err, e.Push)
}

func (e *StepError) Unwrap() error { return e.Err }

// SessionError says that a registry could not be talked to at all.
type SessionError struct {
	Host string
	Err  error
}

func (e *SessionError) Error() string { return e.describe(true) }
func (e *SessionError) Unwrap() error { return e.Err }

func (e *SessionError) describe(push bool) string {
	if Classify(e.Err) == images.ClassAuth {
		return "logging in to " + e.Host + ": " + Describe(e.Err, push)
	}
	return "reaching " + e.Host + ": " + Describe(e.Err, push)
}

// DigestError says that content is not what its digest says.
type DigestError struct{ Want, Got string }

func (e *DigestError) Error() string {
	return fmt.Sprintf("the content of %s is %s", e.Want, e.Got)
}

// RefusalError is an image that this package will not copy.
type RefusalError struct {
	Class  images.Class
	Msg    string
	Remedy string
}

func (e *RefusalError) Error() string { return e.Msg }

// AgainError is an answer that is worth another try, other than its status says.
type AgainError struct{ Err error }

func (e *AgainError) Error() string { return e.Err.Error() }
func (e *AgainError) Unwrap() error { return e.Err }

// BrokenError is a response that ended too early.
type BrokenError struct{ Err error }

func (e *BrokenError) Error() string { return "the connection broke off: " + e.Err.Error() }
func (e *BrokenError) Unwrap() error { return e.Err }

// MidBody is the error of a request that ended in the middle of a body; cause is why it was
// canceled, nil if it was not.
func MidBody(cause, err error) error {
	var stalled *safehttp.StalledError
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
	return &BrokenError{Err: err}
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
	var step *StepError
	if errors.As(err, &step) {
		tried := *step
		tried.Err = &LongWaitError{Host: host, Asked: asked, Limit: limit, Err: step.Err}
		return &tried
	}
	return &LongWaitError{Host: host, Asked: asked, Limit: limit, Err: err}
}

func (e *LongWaitError) Error() string {
	asked := e.Asked.Round(time.Second).String()
	if days := int(e.Asked.Hours() / 24); days > 1 {
		asked = fmt.Sprintf("%d days", days)
	}
	return fmt.Sprintf("%s; %s asks to try again after %s (Retry-After), and no more than %s are waited: try again later, or ask its administrator",
		Describe(e.Err, true), e.Host, asked, e.Limit)
}
func (e *LongWaitError) Unwrap() error { return e.Err }

// streamError catches the stream errors of HTTP/2, whose own type net/http hides: it
// fills any struct with these fields through errors.As.
type streamError struct {
	StreamID uint32
	Code     uint32
	Cause    error
}

func (e streamError) Error() string { return fmt.Sprintf("stream %d: code %d", e.StreamID, e.Code) }

// StoppedError is what becomes of images after the target has refused the credentials.
type StoppedError struct{ Cause error }

func (e *StoppedError) Error() string {
	return "not tried, because the registry refused the credentials: " + Describe(e.Cause, true)
}
func (e *StoppedError) Unwrap() error { return e.Cause }

// DamagedError is content of an archive that is shorter than it should be.
type DamagedError struct{ Err error }

func (e *DamagedError) Error() string { return "the archive is cut or damaged: " + e.Err.Error() }
