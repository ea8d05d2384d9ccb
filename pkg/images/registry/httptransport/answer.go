package httptransport

import (
	"context"
	"errors"
	"io"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/failure"
)

// answer is the body of an answer, whose errors tell whether the connection broke off.
type answer struct {
	io.ReadCloser
	canceled func() error // why the request was canceled, nil if it was not
}

// newAnswer returns the body of the answer to a request with a context.
func newAnswer(ctx context.Context, body io.ReadCloser) *answer {
	return &answer{ReadCloser: body, canceled: func() error { return context.Cause(ctx) }}
}

// Read implements io.Reader.
func (a *answer) Read(p []byte) (int, error) {
	n, err := a.ReadCloser.Read(p)
	if err != nil && !errors.Is(err, io.EOF) {
		err = failure.Interrupted(a.canceled(), err)
	}
	return n, err
}
