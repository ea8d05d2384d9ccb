// Package stream guards the bytes of a blob on their way: they go on with another
// connection where one breaks off, and are given up when they stand still. It must not know
// where they come from, nor where they go.
package stream

import (
	"errors"
	"io"

	v1 "github.com/google/go-containerregistry/pkg/v1"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/failure"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/oci"
)

// Reopener gets what is left of a blob, after a number of failures.
type Reopener func(failures int, cause error, offset int64) (io.ReadCloser, error)

// Reader verifies size and digest of what passes through. Its connection may be
// replaced.
type Reader struct {
	verifier *oci.Verifier
	body     *resumed
}

const (
	breaks   = 5       // are too many without
	progress = 1 << 20 // bytes in between
)

// NewReader returns a reader of a body that is a blob from an offset on. The whole is
// verified if that is 0. If the body breaks off, reopen gets another one from there on,
// unless it is nil.
func NewReader(want v1.Descriptor, offset int64, body io.ReadCloser, reopen Reopener) (*Reader, error) {
	pieces := &resumed{body: body, at: offset, broken: offset, size: want.Size, reopen: reopen}
	verifier, err := oci.NewVerifier(want, offset, pieces)
	if err != nil {
		return nil, err
	}
	return &Reader{verifier: verifier, body: pieces}, nil
}

// Read implements io.Reader. What was pieced together, and is other content, is worth
// another try as a whole.
func (r *Reader) Read(p []byte) (int, error) {
	n, err := r.verifier.Read(p)
	var other *failure.DigestError
	if r.body.patched && errors.As(err, &other) {
		err = &failure.InterruptedError{Err: errors.New("the pieces of the download do not fit together")}
	}
	return n, err
}

// Close implements io.Closer.
func (r *Reader) Close() error { return r.verifier.Close() }

// resumed is a body that goes on with another one where one breaks off.
type resumed struct {
	body io.ReadCloser
	at   int64
	size int64 // of the blob

	reopen   Reopener
	failures int   // without much progress in between
	broken   int64 // where it broke off last
	patched  bool  // it is from more than one connection
	cause    error // why the body is to be replaced
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

// breaksOff remembers to go on with another connection, if that may help.
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
	_ = r.body.Close() // it has broken off
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

// Skip reads what is known already.
func Skip(body io.Reader, n int64) error {
	if n < 0 {
		return &failure.InterruptedError{Err: errors.New("the registry sent another part of the blob")}
	}
	_, err := io.CopyN(io.Discard, body, n)
	if errors.Is(err, io.EOF) {
		err = &failure.InterruptedError{Err: io.ErrUnexpectedEOF}
	}
	return err
}
