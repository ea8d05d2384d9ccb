package failure

import (
	"fmt"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images"
)

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
