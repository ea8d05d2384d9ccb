package failure

import (
	"errors"
	"fmt"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images"
)

// IsGone tells whether a source said that it has no such thing, or would not say so to
// somebody without credentials.
func IsGone(err error) bool {
	var private *PrivateError
	return !IsPush(err) && (errors.As(err, &private) || IsAbsent(err))
}

// MovedError says that a source is gone, and that it cannot be had where it has moved to.
type MovedError struct {
	Gone error // what its own place has answered
	Move images.Move
	Err  error // what the new place has answered
}

func (e *MovedError) Error() string {
	return fmt.Sprintf("%v; it has moved to %s (%s): %v", e.Gone, e.Move.To.Name(), e.Move.Fact, e.Err)
}

func (e *MovedError) Unwrap() error { return e.Err }
