package repository

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/url"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/remote/transport"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/failure"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/registry/stream"
)

// streamed is from which size on a blob is uploaded in a request of its own, so that the
// upload can be resumed. Smaller ones go with the request that completes them.
const streamed = 8 << 20

// Upload sends the rest of a blob to where a claim says, and completes it. Until that is
// done, the claim is broken.
func (s *Session) Upload(ctx context.Context, c *Claim, desc v1.Descriptor, rest io.ReadCloser) error {
	c.Broken = true
	if desc.Size < streamed && c.Offset == 0 {
		return s.complete(ctx, c.Location, desc, rest, desc.Size)
	}
	kept := ""
	if c.Offset > 0 {
		kept = fmt.Sprintf("%d-%d", c.Offset, desc.Size-1)
	}
	next, err := s.send(ctx, http.MethodPatch, c.Location, kept, rest, desc.Size-c.Offset)
	if err != nil {
		return err
	}
	if next != "" {
		c.Location = next
	}
	c.Offset = desc.Size
	return s.complete(ctx, c.Location, desc, http.NoBody, 0)
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

// Find asks how far a broken upload has come. Registries that do not tell lose it.
func (s *Session) Find(ctx context.Context, c Claim) Claim {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, c.Location, nil)
	if err != nil {
		return Claim{}
	}
	resp, err := s.http.Do(req)
	if err != nil {
		return Claim{}
	}
	defer resp.Body.Close()
	var first, last int64
	if _, err := fmt.Sscanf(resp.Header.Get("Range"), "%d-%d", &first, &last); err != nil || first != 0 || last <= 0 || resp.StatusCode != http.StatusNoContent {
		s.cancel(ctx, c.Location)
		return Claim{}
	}
	found := Claim{Location: c.Location, Offset: last + 1}
	if next, err := nextPart(resp); err != nil {
		return Claim{}
	} else if next != "" {
		found.Location = next
	}
	return found
}

// send sends a part of a blob, and gives up if the registry takes nothing of it for too
// long. It returns where the next part goes. kept is the range of the part, empty for a
// whole blob.
func (s *Session) send(ctx context.Context, method, location, kept string, body io.ReadCloser, size int64) (next string, err error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	watch := stream.NewTaken(body, cancel)
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
	if err := transport.CheckError(resp, http.StatusCreated, http.StatusAccepted, http.StatusNoContent); err != nil {
		if resp.StatusCode == http.StatusNotFound || resp.StatusCode == http.StatusRequestedRangeNotSatisfiable {
			err = &failure.AgainError{Err: err} // the registry has lost the upload
		}
		return "", err
	}
	if method != http.MethodPatch { // the upload is over, and the location that of the blob
		return "", nil
	}
	return nextPart(resp)
}
