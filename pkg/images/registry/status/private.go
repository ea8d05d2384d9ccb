package status

import (
	"errors"
	"net/http"
)

// PrivateError is the refusal of a source for which nobody had credentials. Registries
// answer so, too, if there is no such image: Docker Hub always does.
type PrivateError struct {
	Err    error
	answer *Error
}

// WithoutCredentials makes refusals of a request that had no credentials a *PrivateError.
func WithoutCredentials(err error) error {
	var answer *Error
	if !errors.As(err, &answer) {
		return err
	}
	if code := answer.Answer.StatusCode; code != http.StatusUnauthorized && code != http.StatusForbidden {
		return err
	}
	return &PrivateError{Err: err, answer: answer}
}

func (e *PrivateError) Error() string { return e.Describe() }
func (e *PrivateError) Unwrap() error { return e.Err }

// Describe says what the refusal may mean.
func (e *PrivateError) Describe() string {
	return "it does not exist or is private (" + e.answer.text() + ")"
}

// Gone tells that the source may not exist.
func (e *PrivateError) Gone() bool { return true }

// Remedy is what to do about it.
func (e *PrivateError) Remedy() string {
	return "check the name of the image; if it is private, log in with `docker login` or `podman login`"
}
