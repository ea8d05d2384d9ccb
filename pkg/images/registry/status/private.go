package status

import (
	"errors"
	"net/http"
)

// PrivateError is a refused request without credentials. Some registries, such as Docker
// Hub, also refuse requests for images that do not exist.
type PrivateError struct {
	Err    error
	answer *Error
}

// WithoutCredentials converts the refusal of a request without credentials into a
// *PrivateError.
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

// Describe names both possible causes of the refusal.
func (e *PrivateError) Describe() string {
	return "does not exist or is private (" + e.answer.text() + ")"
}

// Gone reports that the source may not exist.
func (e *PrivateError) Gone() bool { return true }

// Remedy returns what to do.
func (e *PrivateError) Remedy() string {
	return "check the name of the image; if it is private, log in with `docker login` or `podman login`"
}
