package status

import (
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/failure"
)

// SessionError reports that no session with a registry could be opened.
type SessionError struct {
	Host string
	Err  error
}

func (e *SessionError) Error() string { return e.Describe() }
func (e *SessionError) Unwrap() error { return e.Err }

// Describe returns the failed operation and the cause.
func (e *SessionError) Describe() string {
	if failure.Classify(e.Err) == images.ClassAuth {
		return "logging in to " + e.Host + ": " + failure.Describe(e.Err)
	}
	return "reaching " + e.Host + ": " + failure.Describe(e.Err)
}

// Cause returns the cause that all requests to the host have in common.
func (e *SessionError) Cause() string { return e.Describe() }

// NotFound is false: a failed session says nothing about the image, whatever its status.
func (e *SessionError) NotFound() bool { return false }

// StoppedError is the error of the remaining images after the target has refused the
// credentials.
type StoppedError struct{ Cause error }

func (e *StoppedError) Error() string { return e.Describe() }
func (e *StoppedError) Unwrap() error { return e.Cause }

// Describe returns the reason and the cause.
func (e *StoppedError) Describe() string {
	return "not tried, because the registry refused the credentials: " + failure.Describe(e.Cause)
}

// AgainError marks an answer as transient that is not transient by its status.
type AgainError struct{ Err error }

func (e *AgainError) Error() string { return e.Err.Error() }
func (e *AgainError) Unwrap() error { return e.Err }

// Transient reports that a retry may help.
func (e *AgainError) Transient() bool { return true }
