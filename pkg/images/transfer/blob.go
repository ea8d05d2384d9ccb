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
	return s.resumable(ctx, desc, 0, policy{}, nil)
}

// resumable returns the content of a blob from an offset on. If the connection breaks
// off, reading goes on where it was. What is read from the beginning is verified.
func (s *session) resumable(ctx context.Context, desc v1.Descriptor, offset int64, again policy, waiting func(int, error, time.Duration)) (io.ReadCloser, error) {
	reader, err := newBlobReader(desc, offset)
	if err != nil {
		return nil, err
	}
	reader.body, err = s.part(ctx, desc, offset)
	if err != nil {
		return nil, err
	}
	if again.attempts > 1 {
		reader.reopen = func(failures int, cause error, offset int64) (body io.ReadCloser, err error) {
			d := again.backoff(failures)
			waiting(failures+1, cause, d)
			if err := sleep(ctx, d); err != nil {
				return nil, cause
			}
			err = again.do(ctx, waiting, func(ctx context.Context) error {
				body, err = s.part(ctx, desc, offset)
				return err
			})
			return body, err
		}
	}
	return reader, nil
}

// blobReader verifies size and digest of what passes through. Its connection may be
// replaced.
type blobReader struct {
	body   io.ReadCloser
	want   v1.Descriptor
	hasher hash.Hash // nil if the beginning is missing
	at     int64

	reopen   func(failures int, cause error, offset int64) (io.ReadCloser, error) // nil: never
	failures int                                                                  // without much progress in between
	broken   int64                                                                // where it broke off last
	patched  bool                                                                 // it is from more than one connection
	cause    error                                                                // why the body is to be replaced
}

const (
	breaks   = 5       // are too many without
	progress = 1 << 20 // bytes in between
)

func newBlobReader(want v1.Descriptor, offset int64) (*blobReader, error) {
	hasher, err := v1.Hasher(want.Digest.Algorithm)
	if err != nil {
		return nil, err
	}
	if offset > 0 {
		hasher = nil
	}
	return &blobReader{want: want, hasher: hasher, at: offset, broken: offset}, nil
}

// Read implements io.Reader.
func (b *blobReader) Read(p []byte) (int, error) {
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
func (b *blobReader) last(n int) (int, error) {
	if b.hasher != nil {
		if got := hex.EncodeToString(b.hasher.Sum(nil)); got != b.want.Digest.Hex {
			return 0, b.different(b.want.Digest.Algorithm + ":" + got)
		}
	}
	return n, io.EOF
}

// breaksOff remembers to go on with another connection, if that may help.
func (b *blobReader) breaksOff(err error) error {
	if errors.Is(err, io.EOF) {
		err = &brokenError{io.ErrUnexpectedEOF}
	}
	if b.at-b.broken >= progress {
		b.failures = 0
	}
	b.broken = b.at
	b.failures++
	if b.reopen == nil || !isTransient(err) || b.failures >= breaks {
		return err
	}
	b.cause = err
	return nil
}

func (b *blobReader) replace() error {
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
func (b *blobReader) different(got string) error {
	err := error(&digestError{want: b.want.Digest.String(), got: got})
	if b.patched {
		err = &brokenError{errors.New("the pieces of the download do not fit together")}
	}
	return err
}

// Close implements io.Closer.
func (b *blobReader) Close() error { return b.body.Close() }

// part asks for a blob from an offset on. Registries that cannot do that send all of it,
// and those that refuse are asked for all.
func (s *session) part(ctx context.Context, desc v1.Descriptor, offset int64) (io.ReadCloser, error) {
	inner, cancel := context.WithCancelCause(ctx)
	resp, err := s.get(inner, desc, offset)
	if err == nil && offset > 0 && refusesRange(resp) {
		resp.Body.Close()
		resp, err = s.get(inner, desc, 0)
	}
	if err != nil {
		cancel(nil)
		return nil, err
	}
	if err := transport.CheckError(resp, http.StatusOK, http.StatusPartialContent); err != nil {
		resp.Body.Close()
		cancel(nil)
		if resp.StatusCode == http.StatusForbidden && resp.Request.URL.Host != s.repo.RegistryStr() {
			err = &againError{err} // where the registry sent us, the permission has expired
		}
		return nil, err
	}
	body := newWatched(inner, cancel, resp.Body)
	if err := skip(body, offset-startOf(resp)); err != nil {
		_ = body.Close()
		return nil, err
	}
	return body, nil
}

func (s *session) get(ctx context.Context, desc v1.Descriptor, offset int64) (*http.Response, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, s.url("blobs", desc.Digest.String()), nil)
	if err != nil {
		return nil, err
	}
	if offset > 0 {
		req.Header.Set("Range", fmt.Sprintf("bytes=%d-%d", offset, desc.Size-1))
	}
	return s.client.Do(req)
}

// refusesRange tells whether an answer is about the range, not about the blob.
func refusesRange(resp *http.Response) bool {
	switch resp.StatusCode {
	case http.StatusBadRequest, http.StatusRequestedRangeNotSatisfiable, http.StatusNotImplemented:
		return true
	case http.StatusPartialContent:
		return startOf(resp) < 0
	default:
		return false
	}
}

// startOf is where the content of a response begins in the blob, negative if that is
// unknown.
func startOf(resp *http.Response) int64 {
	if resp.StatusCode != http.StatusPartialContent {
		return 0
	}
	var first, last int64
	if _, err := fmt.Sscanf(resp.Header.Get("Content-Range"), "bytes %d-%d/", &first, &last); err != nil {
		return -1
	}
	return first
}

// skip reads what is known already.
func skip(body io.Reader, n int64) error {
	if n < 0 {
		return &brokenError{errors.New("the registry sent another part of the blob")}
	}
	_, err := io.CopyN(io.Discard, body, n)
	if errors.Is(err, io.EOF) {
		err = &brokenError{io.ErrUnexpectedEOF}
	}
	return err
}
