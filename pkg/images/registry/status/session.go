package status

import (
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/failure"
)

// SessionError is a registry that could not be talked to at all.
type SessionError struct {
	Host string
	Err  error
}

func (e *SessionError) Error() string { return e.Describe() }
func (e *SessionError) Unwrap() error { return e.Err }

// Describe says what was tried, and the cause.
func (e *SessionError) Describe() string {
	if failure.Classify(e.Err) == images.ClassAuth {
		return "logging in to " + e.Host + ": " + failure.Describe(e.Err)
	}
	return "reaching " + e.Host + ": " + failure.Describe(e.Err)
}

// NotFound tells that this is not about what was asked for, whatever the status.
func (e *SessionError) NotFound() bool { return false }

// StoppedError is what becomes of images after their target has refused the credentials.
type StoppedError struct{ Cause error }

func (e *StoppedError) Error() string { return e.Describe() }
func (e *StoppedError) Unwrap() error { return e.Cause }

// Describe says why, and the cause.
func (e *StoppedError) Describe() string {
	return "not tried, because the registry refused the credentials: " + failure.Describe(e.Cause)
}

// AgainError is an answer that is worth another try, other than its status says.
type AgainError struct{ Err error }

func (e *AgainError) Error() string { return e.Err.Error() }
func (e *AgainError) Unwrap() error { return e.Err }

// Transient tells that another try may help.
func (e *AgainError) Transient() bool { return true }
