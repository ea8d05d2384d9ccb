package failure

import (
	"fmt"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images"
)

// MovedError is an image that is gone from its source, and that could not be read from its
// known new repository.
type MovedError struct {
	Gone error // error of the original repository
	Move images.Move
	Err  error // error of the new repository
}

func (e *MovedError) Error() string {
	return fmt.Sprintf("%v; the image has moved to %s (%s): %v", e.Gone, e.Move.To.Name(), e.Move.Fact, e.Err)
}

func (e *MovedError) Unwrap() error { return e.Err }
