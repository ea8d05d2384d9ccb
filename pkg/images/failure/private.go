package failure

import (
	"errors"
	"net/http"

	"github.com/google/go-containerregistry/pkg/v1/remote/transport"
)

// remedyPrivate is what to do about a PrivateError.
const remedyPrivate = "check the name of the image; if it is private, log in with `docker login` or `podman login`"

// PrivateError is the refusal of a source for which nobody had credentials. Registries
// answer so, too, if there is no such image: Docker Hub always does.
type PrivateError struct{ Err error }

func (e *PrivateError) Error() string { return Describe(e, false) }
func (e *PrivateError) Unwrap() error { return e.Err }

// WithoutCredentials makes refusals of a request that had no credentials a *PrivateError.
func WithoutCredentials(err error) error {
	var status *transport.Error
	if !errors.As(err, &status) || status.StatusCode != http.StatusUnauthorized && status.StatusCode != http.StatusForbidden {
		return err
	}
	return &PrivateError{Err: err}
}
