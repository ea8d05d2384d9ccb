package failure

import "errors"

// Cause is the cause of a failure in one line, without the image that it concerns: failures
// of several images with one cause have the same text.
func Cause(err error) string {
	var operation *OperationError
	if errors.As(err, &operation) {
		err = operation.Err
	}
	return Describe(err)
}
