// Package stream guards the bytes of a blob on their way: they are hashed, go on with
// another connection where one breaks off, and are given up when they stand still. It must
// not know where they come from, nor where they go.
package stream

import (
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"

	v1 "github.com/google/go-containerregistry/pkg/v1"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/failure"
)

// Reopener gets what is left of a blob, after a number of failures.
type Reopener func(failures int, cause error, offset int64) (io.ReadCloser, error)

// Reader verifies size and digest of what passes through. Its connection may be
// replaced.
type Reader struct {
	body   io.ReadCloser
	want   v1.Descriptor
	hasher hash.Hash // nil if the beginning is missing
	at     int64

	reopen   Reopener
	failures int   // without much progress in between
	broken   int64 // where it broke off last
	patched  bool  // it is from more than one connection
	cause    error // why the body is to be replaced
}

const (
	breaks   = 5       // are too many without
	progress = 1 << 20 // bytes in between
)

// NewReader returns a reader of a body that is a blob from an offset on. The whole is
// verified if that is 0. If the body breaks off, reopen gets another one from there on,
// unless it is nil.
func NewReader(want v1.Descriptor, offset int64, body io.ReadCloser, reopen Reopener) (*Reader, error) {
	hasher, err := v1.Hasher(want.Digest.Algorithm)
	if err != nil {
		return nil, err
	}
	if offset > 0 {
		hasher = nil
	}
	return &Reader{want: want, hasher: hasher, at: offset, broken: offset, body: body, reopen: reopen}, nil
}

// Read implements io.Reader.
func (b *Reader) Read(p []byte) (int, error) {
	if b.cause != nil {
		if err := b.replace(); err != nil {
			return 0, err
		}
	}
	n, err := b.body.Read(p)
	b.at += int64(n)
	if b.hasher != nil {
		b.hasher.Write(p[:n])
	}
	switch {
	case b.at > b.want.Size:
		return 0, b.different(fmt.Sprintf("more than its %d bytes", b.want.Size))
	case b.at == b.want.Size:
		return b.last(n)
	case err == nil:
		return n, nil
	default:
		return n, b.breaksOff(err)
	}
}

// last checks the whole, and keeps the last bytes back if it is not what it should be.
func (b *Reader) last(n int) (int, error) {
	if b.hasher != nil {
		if got := hex.EncodeToString(b.hasher.Sum(nil)); got != b.want.Digest.Hex {
			return 0, b.different(b.want.Digest.Algorithm + ":" + got)
		}
	}
	return n, io.EOF
}

// breaksOff remembers to go on with another connection, if that may help.
func (b *Reader) breaksOff(err error) error {
	if errors.Is(err, io.EOF) {
		err = &failure.BrokenError{Err: io.ErrUnexpectedEOF}
	}
	if b.at-b.broken >= progress {
		b.failures = 0
	}
	b.broken = b.at
	b.failures++
	if b.reopen == nil || !failure.IsTransient(err) || b.failures >= breaks {
		return err
	}
	b.cause = err
	return nil
}

func (b *Reader) replace() error {
	_ = b.body.Close() // it has broken off
	body, err := b.reopen(b.failures, b.cause, b.at)
	if err != nil {
		b.body = io.NopCloser(nil)
		return err
	}
	b.body, b.cause, b.patched = body, nil, true
	return nil
}

// different is the error for other content. What was pieced together is worth another
// try as a whole.
func (b *Reader) different(got string) error {
	err := error(&failure.DigestError{Want: b.want.Digest.String(), Got: got})
	if b.patched {
		err = &failure.BrokenError{Err: errors.New("the pieces of the download do not fit together")}
	}
	return err
}

// Close implements io.Closer.
func (b *Reader) Close() error { return b.body.Close() }

// Skip reads what is known already.
func Skip(body io.Reader, n int64) error {
	if n < 0 {
		return &failure.BrokenError{Err: errors.New("the registry sent another part of the blob")}
	}
	_, err := io.CopyN(io.Discard, body, n)
	if errors.Is(err, io.EOF) {
		err = &failure.BrokenError{Err: io.ErrUnexpectedEOF}
	}
	return err
}
