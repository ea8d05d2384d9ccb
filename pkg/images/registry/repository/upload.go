package repository

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"

	v1 "github.com/google/go-containerregistry/pkg/v1"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/registry/status"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/registry/stream"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/storage"
)

// Streamed is the size from which a blob is uploaded in a request of its own, so that an
// interrupted upload can be resumed. Smaller blobs are sent with the request that completes
// the upload.
const Streamed = 8 << 20

// UploadSession is the upload of one blob. The zero value means that no upload was started.
type UploadSession struct {
	location string // address for the next part, or ""
	offset   int64  // bytes received by the registry
	broken   bool   // the upload was interrupted: ask the registry for the offset
}

func (u *UploadSession) started() bool { return u.location != "" }

// Push puts a blob into the repository: the blob exists, is mounted from another repository
// (from, or ""), or is uploaded. open reads the content from a given offset; after an
// interrupted upload, that is the offset that the registry has reached. After an error, u
// can be passed to Push again.
func (s *Session) Push(ctx context.Context, desc v1.Descriptor, from string, can *Capabilities, u *UploadSession, open storage.Opener) (storage.Pushed, error) {
	if u.broken {
		s.find(ctx, u)
	}
	if !u.started() {
		if pushed, err := s.begin(ctx, desc, from, can, u); err != nil || pushed != storage.Uploaded {
			return pushed, err
		}
	}
	rest, err := open(ctx, u.offset)
	if err != nil {
		return storage.Uploaded, err
	}
	if err := s.upload(ctx, u, desc, rest); err != nil {
		return storage.Uploaded, err
	}
	s.learnSelfMount(ctx, desc, can)
	return storage.Uploaded, nil
}

// start starts an upload, or mounts the blob from a repository.
func (s *Session) start(ctx context.Context, desc v1.Descriptor, from string, u *UploadSession) (mounted bool, err error) {
	query := ""
	if from != "" {
		query = "?" + url.Values{"mount": {desc.Digest.String()}, "from": {from}}.Encode()
	}
	resp, err := s.do(ctx, http.MethodPost, "blobs", "uploads/"+query)
	if err != nil {
		return false, err
	}
	defer resp.Body.Close()
	if from != "" && resp.StatusCode == http.StatusCreated {
		return true, nil
	}
	if err := s.check(resp, http.StatusAccepted); err != nil {
		return false, err
	}
	at, err := nextPart(resp)
	if err == nil && at == "" {
		err = errors.New("the registry started an upload without a Location header")
	}
	*u = UploadSession{location: at}
	return false, err
}

// upload sends the rest of a blob and completes the upload. The session counts as
// interrupted until upload returns nil.
func (s *Session) upload(ctx context.Context, u *UploadSession, desc v1.Descriptor, rest io.ReadCloser) error {
	u.broken = true
	if desc.Size < Streamed && u.offset == 0 {
		return s.complete(ctx, u.location, desc, rest, desc.Size)
	}
	kept := ""
	if u.offset > 0 {
		kept = fmt.Sprintf("%d-%d", u.offset, desc.Size-1)
	}
	next, err := s.send(ctx, http.MethodPatch, u.location, kept, rest, desc.Size-u.offset)
	if err != nil {
		return err
	}
	if next != "" {
		u.location = next
	}
	u.offset = desc.Size
	return s.complete(ctx, u.location, desc, http.NoBody, 0)
}

// complete completes an upload with the last bytes.
func (s *Session) complete(ctx context.Context, location string, desc v1.Descriptor, rest io.ReadCloser, size int64) error {
	at, err := url.Parse(location)
	if err != nil {
		_ = rest.Close()
		return err
	}
	query := at.Query()
	query.Set("digest", desc.Digest.String())
	at.RawQuery = query.Encode()
	_, err = s.send(ctx, http.MethodPut, at.String(), "", rest, size)
	return err
}

// find asks the registry for the offset of an interrupted upload. If the registry does not
// answer with an offset, the upload starts again.
func (s *Session) find(ctx context.Context, u *UploadSession) {
	location := u.location
	*u = UploadSession{}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, location, nil)
	if err != nil {
		return
	}
	resp, err := s.http.Do(req)
	if err != nil {
		return
	}
	defer resp.Body.Close()
	var first, last int64
	if _, err := fmt.Sscanf(resp.Header.Get("Range"), "%d-%d", &first, &last); err != nil || first != 0 || last <= 0 || resp.StatusCode != http.StatusNoContent {
		s.cancel(ctx, &UploadSession{location: location})
		return
	}
	next, err := nextPart(resp)
	if err != nil {
		return
	}
	*u = UploadSession{location: cmp.Or(next, location), offset: last + 1}
}

// cancel cancels an upload. Registries that do not support this expire the upload later.
// Nothing is deleted on another server, even if the registry refers to it.
func (s *Session) cancel(ctx context.Context, u *UploadSession) {
	req, err := http.NewRequestWithContext(ctx, http.MethodDelete, u.location, nil)
	*u = UploadSession{}
	if err != nil || !s.isOwn(req.URL) {
		return
	}
	if resp, err := s.http.Do(req); err == nil {
		resp.Body.Close()
	}
}

// CheckUpload returns an error if the client cannot push to the repository. It starts an
// upload and cancels it.
func (s *Session) CheckUpload(ctx context.Context) error {
	var u UploadSession
	if _, err := s.start(ctx, v1.Descriptor{}, "", &u); err != nil {
		return err
	}
	s.cancel(ctx, &u)
	return nil
}

// send sends one part of a blob, and fails if the registry accepts too few bytes for too
// long. It returns the address for the next part. kept is the Content-Range of the part, or
// "" for a whole blob.
func (s *Session) send(ctx context.Context, method, location, kept string, body io.ReadCloser, size int64) (next string, err error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	watch := stream.NewUploadBody(body, cancel)
	req, err := http.NewRequestWithContext(ctx, method, location, http.NoBody)
	if err != nil {
		_ = watch.Close()
		return "", err
	}
	if size > 0 {
		req.Body, req.ContentLength = watch, size
		req.Header.Set("Content-Type", "application/octet-stream")
	} else {
		_ = watch.Close()
	}
	if kept != "" {
		req.Header.Set("Content-Range", kept)
	}
	resp, err := s.http.Do(req)
	if err != nil {
		return "", watch.Failure(context.Cause(ctx), err)
	}
	defer resp.Body.Close()
	if err := s.check(resp, http.StatusCreated, http.StatusAccepted, http.StatusNoContent); err != nil {
		if resp.StatusCode == http.StatusNotFound || resp.StatusCode == http.StatusRequestedRangeNotSatisfiable {
			err = &status.AgainError{Err: err} // the registry has lost the upload: start again
		}
		return "", err
	}
	if method != http.MethodPatch { // the upload is complete, and Location is the address of the blob
		return "", nil
	}
	return nextPart(resp)
}
