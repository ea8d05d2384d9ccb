package repository

import (
	"context"
	"fmt"
	"io"
	"net/http"

	v1 "github.com/google/go-containerregistry/pkg/v1"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/registry/status"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/registry/stream"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/retry"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/safehttp"
)

// Exists reports whether the repository has a blob.
func (s *Session) Exists(ctx context.Context, desc v1.Descriptor) (bool, error) {
	resp, err := s.do(ctx, http.MethodHead, "blobs", desc.Digest.String())
	if err != nil {
		return false, err
	}
	resp.Body.Close()
	if resp.StatusCode == http.StatusNotFound {
		return false, nil
	}
	return true, s.check(resp, http.StatusOK)
}

// Blob returns the content of a blob. Reading fails with a *failure.DigestError if the
// content does not match the descriptor.
func (s *Session) Blob(ctx context.Context, desc v1.Descriptor) (io.ReadCloser, error) {
	return s.Resumable(ctx, desc, 0, retry.Policy{}, nil)
}

// Resumable returns the content of a blob from an offset. If the connection breaks, reading
// continues over a new connection. The content is verified if offset is 0.
func (s *Session) Resumable(ctx context.Context, desc v1.Descriptor, offset int64, again retry.Policy, waiting retry.Waiting) (io.ReadCloser, error) {
	body, err := s.part(ctx, desc, offset)
	if err != nil {
		return nil, err
	}
	var reopen stream.Reopener
	if again.Attempts > 1 {
		reopen = func(failures int, cause error, offset int64) (body io.ReadCloser, err error) {
			d := again.Backoff(failures)
			waiting(failures+1, cause, d)
			if err := retry.Sleep(ctx, d); err != nil {
				return nil, cause
			}
			err = again.Do(ctx, waiting, func(ctx context.Context) error {
				body, err = s.part(ctx, desc, offset)
				return err
			})
			return body, err
		}
	}
	reader, err := stream.NewReader(desc, offset, body, reopen)
	if err != nil {
		_ = body.Close() // nothing was read from body
		return nil, err
	}
	return reader, nil
}

// maxError limits how many bytes of an error answer are read.
const maxError = 64 << 10

// part requests a blob from an offset. If the registry ignores the range or refuses it,
// part reads the whole blob and skips the first bytes.
func (s *Session) part(ctx context.Context, desc v1.Descriptor, offset int64) (io.ReadCloser, error) {
	resp, err := s.get(ctx, desc, offset)
	if err == nil && offset > 0 && refusesRange(resp) {
		resp.Body.Close()
		resp, err = s.get(ctx, desc, 0)
	}
	if err != nil {
		return nil, err
	}
	if err := s.check(resp, http.StatusOK, http.StatusPartialContent); err != nil {
		resp.Body.Close()
		if resp.StatusCode == http.StatusForbidden && resp.Request.URL.Host != s.repo.RegistryStr() {
			err = &status.AgainError{Err: err} // the signed URL of the storage server has expired
		}
		return nil, err
	}
	if err := stream.Skip(resp.Body, offset-startOf(resp)); err != nil {
		resp.Body.Close()
		return nil, err
	}
	return resp.Body, nil
}

func (s *Session) get(ctx context.Context, desc v1.Descriptor, offset int64) (*http.Response, error) {
	ctx = safehttp.WithBodyLimit(ctx, max(desc.Size, maxError)+1) // one byte more, to detect content that is too long
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, s.url("blobs", desc.Digest.String()), nil)
	if err != nil {
		return nil, err
	}
	if offset > 0 {
		req.Header.Set("Range", fmt.Sprintf("bytes=%d-%d", offset, desc.Size-1))
	}
	return s.http.Do(req)
}

// refusesRange reports whether a registry has refused the range, not the blob.
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

// startOf returns the offset in the blob at which the content of an answer starts, or a
// negative number if the offset is unknown.
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
