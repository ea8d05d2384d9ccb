package transfer

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"net/http"
	"time"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/remote/transport"
)

// blob returns the content of a blob. Reading it fails with a *digestError if it is
// not what the descriptor says.
func (s *session) blob(ctx context.Context, desc v1.Descriptor) (io.ReadCloser, error) {
	hasher, err := v1.Hasher(desc.Digest.Algorithm)
	if err != nil {
		return nil, err
	}
	inner, cancel := context.WithCancelCause(ctx)
	resp, err := s.do(inner, http.MethodGet, "blobs", desc.Digest.String())
	if err != nil {
		cancel(nil)
		return nil, err
	}
	if err := transport.CheckError(resp, http.StatusOK); err != nil {
		resp.Body.Close()
		cancel(nil)
		return nil, err
	}
	return newBlobReader(inner, cancel, resp.Body, desc, hasher), nil
}

// stallLimit is how long a read from a registry may take before the connection is
// given up.
const stallLimit = time.Minute

// stalledError is a connection on which nothing comes any more.
type stalledError struct{}

func (stalledError) Error() string { return fmt.Sprintf("nothing came for %s", stallLimit) }

// blobReader verifies size and digest of what passes through, and gives up if it
// stalls.
type blobReader struct {
	body   io.ReadCloser
	want   v1.Descriptor
	hasher hash.Hash
	got    int64
	cause  func() error // why the request was canceled, nil if it was not
	cancel context.CancelCauseFunc
	timer  *time.Timer
}

func newBlobReader(ctx context.Context, cancel context.CancelCauseFunc, body io.ReadCloser, want v1.Descriptor, hasher hash.Hash) *blobReader {
	timer := time.AfterFunc(stallLimit, func() { cancel(stalledError{}) })
	timer.Stop()
	return &blobReader{
		body: body, want: want, hasher: hasher, timer: timer, cancel: cancel,
		cause: func() error { return context.Cause(ctx) },
	}
}

// Read implements io.Reader.
func (b *blobReader) Read(p []byte) (int, error) {
	b.timer.Reset(stallLimit)
	n, err := b.body.Read(p)
	b.timer.Stop()
	b.hasher.Write(p[:n])
	b.got += int64(n)
	switch {
	case b.got > b.want.Size:
		return 0, &digestError{want: b.want.Digest.String(), got: fmt.Sprintf("more than its %d bytes", b.want.Size)}
	case err == nil:
		return n, nil
	case !errors.Is(err, io.EOF) || b.got < b.want.Size:
		return n, midBody(b.cause(), err)
	}
	if got := hex.EncodeToString(b.hasher.Sum(nil)); got != b.want.Digest.Hex {
		return n, &digestError{want: b.want.Digest.String(), got: b.want.Digest.Algorithm + ":" + got}
	}
	return n, io.EOF
}

// Close implements io.Closer.
func (b *blobReader) Close() error {
	b.timer.Stop()
	err := b.body.Close()
	b.cancel(nil)
	return err
}

// midBody is the error of a response that ended in the middle; cause is why its
// request was canceled, nil if it was not.
func midBody(cause, err error) error {
	switch {
	case errors.Is(cause, stalledError{}):
		err = cause
	case cause != nil:
		return cause
	case errors.Is(err, io.EOF):
		err = io.ErrUnexpectedEOF
	}
	return &brokenError{err}
}
