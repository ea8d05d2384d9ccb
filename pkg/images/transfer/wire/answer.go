package wire

import (
	"io"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/transfer/faults"
)

// answer is the body of an answer, whose errors tell whether the connection broke off.
type answer struct {
	io.ReadCloser
	canceled func() error // why the request was canceled, nil if it was not
}

// Read implements io.Reader.
func (a *answer) Read(p []byte) (int, error) {
	n, err := a.ReadCloser.Read(p)
	if err != nil && err != io.EOF {
		err = faults.MidBody(a.canceled(), err)
	}
	return n, err
}
