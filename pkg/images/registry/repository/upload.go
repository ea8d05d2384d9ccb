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

// streamed is from which size on a blob is uploaded in a request of its own, so that the
// upload can be resumed. Smaller ones go with the request that completes them.
const streamed = 8 << 20

// UploadSession is an upload of one blob that the registry knows. The zero value is none.
type UploadSession struct {
	location string // where its next part goes, empty if none was started
	offset   int64  // bytes that have arrived
	broken   bool   // it broke off: the offset must be asked for
}

func (u *UploadSession) started() bool { return u.location != "" }

// Push makes a blob be in the repository: it is there, is mounted from another repository
// that may have it (from, "" for none), or is uploaded. What open reads is from the offset
// on that the registry has already, if u broke off before; and u can be continued after an
// error.
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

// start starts an upload, unless the blob can be mounted from a repository.
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
		err = errors.New("the registry started an upload without saying where it goes")
	}
	*u = UploadSession{location: at}
	return false, err
}

// upload sends the rest of a blob, and completes the upload. Until that is done, it counts
// as broken.
func (s *Session) upload(ctx context.Context, u *UploadSession, desc v1.Descriptor, rest io.ReadCloser) error {
	u.broken = true
	if desc.Size < streamed && u.offset == 0 {
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

// complete ends an upload with its last bytes.
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

// find asks how far a broken upload has come. Registries that do not tell lose it.
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

// cancel gives up an upload. Registries forget it by themselves if they cannot do that, and
// nothing is deleted at a server that a registry names.
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

// CheckUpload returns an error if the repository cannot be pushed to. It starts an upload
// and cancels it.
func (s *Session) CheckUpload(ctx context.Context) error {
	var u UploadSession
	if _, err := s.start(ctx, v1.Descriptor{}, "", &u); err != nil {
		return err
	}
	s.cancel(ctx, &u)
	return nil
}

// send sends a part of a blob, and gives up if the registry takes nothing of it for too
// long. It returns where the next part goes. kept is the range of the part, empty for a
// whole blob.
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
			err = &status.AgainError{Err: err} // the registry has lost the upload
		}
		return "", err
	}
	if method != http.MethodPatch { // the upload is over, and the location that of the blob
		return "", nil
	}
	return nextPart(resp)
}
