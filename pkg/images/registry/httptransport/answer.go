package httptransport

import (
	"context"
	"errors"
	"io"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/failure"
)

// answer is the body of an answer. Its errors report whether the connection broke.
type answer struct {
	io.ReadCloser
	canceled func() error // cause of the cancellation, nil if the request was not canceled
}

// newAnswer returns the body of the answer to a request with context ctx.
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
