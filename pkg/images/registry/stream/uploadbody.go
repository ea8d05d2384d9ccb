package stream

import (
	"io"
	"sync"
	"time"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/failure"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/safehttp"
)

// UploadBody is the body of an upload. It detects that the server no longer reads it.
type UploadBody struct {
	io.ReadCloser
	timer *time.Timer
	once  sync.Once

	mu      sync.Mutex
	touched bool
	err     error // of the last read
}

// NewUploadBody returns a body that calls stalled when the server no longer reads.
func NewUploadBody(body io.ReadCloser, stalled func(error)) *UploadBody {
	t := &UploadBody{ReadCloser: body, timer: time.AfterFunc(safehttp.IdleTimeout, func() { stalled(&safehttp.IdleTimeoutError{Limit: safehttp.IdleTimeout}) })}
	t.timer.Stop()
	return t
}

// Read implements io.Reader.
func (t *UploadBody) Read(p []byte) (int, error) {
	t.timer.Stop()
	n, err := t.ReadCloser.Read(p)
	t.mu.Lock()
	t.touched = true
	if err != nil && err != io.EOF {
		t.err = err
	}
	t.mu.Unlock()
	if err == nil {
		t.timer.Reset(safehttp.IdleTimeout)
	}
	return n, err
}

// Close implements io.Closer.
func (t *UploadBody) Close() (err error) {
	t.once.Do(func() {
		t.timer.Stop()
		err = t.ReadCloser.Close()
	})
	return err
}

// Failure returns the error of a request without an answer: the error of reading the body,
// if any, else the error of the connection. cause is the cause of the cancellation.
func (t *UploadBody) Failure(cause, err error) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	switch {
	case t.err != nil:
		return t.err
	case t.touched && !failure.IsTLS(err):
		return failure.Interrupted(cause, err)
	default:
		return err
	}
}
