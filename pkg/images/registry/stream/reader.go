// Package stream transfers the bytes of a blob: it resumes after broken connections, and
// detects stalled uploads. It must not know the source, nor the target.
package stream

import (
	"errors"
	"io"

	v1 "github.com/google/go-containerregistry/pkg/v1"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/failure"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/oci"
)

// Reopener opens a blob at an offset, after a number of failures.
type Reopener func(failures int, cause error, offset int64) (io.ReadCloser, error)

// Reader verifies size and digest of a blob. It can continue over a new connection.
type Reader struct {
	verifier *oci.Verifier
	body     *resumed
}

const (
	breaks   = 5       // failures without progress that end a download
	progress = 1 << 20 // bytes after which failures count from zero again
)

// NewReader returns a reader of a body that contains a blob from an offset. The content is
// verified if offset is 0. If the body breaks and reopen is not nil, reading continues with
// a body from reopen.
func NewReader(want v1.Descriptor, offset int64, body io.ReadCloser, reopen Reopener) (*Reader, error) {
	pieces := &resumed{body: body, at: offset, broken: offset, size: want.Size, reopen: reopen}
	verifier, err := oci.NewVerifier(want, offset, pieces)
	if err != nil {
		return nil, err
	}
	return &Reader{verifier: verifier, body: pieces}, nil
}

// Read implements io.Reader. If a blob from several connections has the wrong digest, the
// error is transient, so that the whole download is retried.
func (r *Reader) Read(p []byte) (int, error) {
	n, err := r.verifier.Read(p)
	var other *failure.DigestError
	if r.body.patched && errors.As(err, &other) {
		err = &failure.InterruptedError{Err: errors.New("the resumed download has the wrong digest")}
	}
	return n, err
}

// Close implements io.Closer.
func (r *Reader) Close() error { return r.verifier.Close() }

// resumed is a body that continues over a new connection after a failure.
type resumed struct {
	body io.ReadCloser
	at   int64
	size int64 // of the blob

	reopen   Reopener
	failures int   // since the last progress
	broken   int64 // offset of the last failure
	patched  bool  // the content is from more than one connection
	cause    error // error of the last body, which must be replaced
}

// Read implements io.Reader.
func (r *resumed) Read(p []byte) (int, error) {
	if r.cause != nil {
		if err := r.replace(); err != nil {
			return 0, err
		}
	}
	n, err := r.body.Read(p)
	r.at += int64(n)
	if err == nil || r.at >= r.size {
		return n, err
	}
	return n, r.breaksOff(err)
}

// breaksOff records that the body must be replaced, if that may help.
func (r *resumed) breaksOff(err error) error {
	if errors.Is(err, io.EOF) {
		err = &failure.InterruptedError{Err: io.ErrUnexpectedEOF}
	}
	if r.at-r.broken >= progress {
		r.failures = 0
	}
	r.broken = r.at
	r.failures++
	if r.reopen == nil || !failure.IsTransient(err) || r.failures >= breaks {
		return err
	}
	r.cause = err
	return nil
}

func (r *resumed) replace() error {
	_ = r.body.Close() // the body has failed already
	body, err := r.reopen(r.failures, r.cause, r.at)
	if err != nil {
		r.body = io.NopCloser(nil)
		return err
	}
	r.body, r.cause, r.patched = body, nil, true
	return nil
}

// Close implements io.Closer.
func (r *resumed) Close() error { return r.body.Close() }

// Skip reads n bytes that are known already.
func Skip(body io.Reader, n int64) error {
	if n < 0 {
		return &failure.InterruptedError{Err: errors.New("the registry sent the wrong range of the blob")}
	}
	_, err := io.CopyN(io.Discard, body, n)
	if errors.Is(err, io.EOF) {
		err = &failure.InterruptedError{Err: io.ErrUnexpectedEOF}
	}
	return err
}
