package transfer

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"sync"
	"time"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/remote/transport"
)

// streamed is from which size on a blob is uploaded in a request of its own, so that the
// upload can be resumed. Smaller ones go with the request that completes them.
const streamed = 8 << 20

// upload sends the rest of a blob to where a claim says, and completes it. Until that is
// done, the claim is broken.
func (s *session) upload(ctx context.Context, c *claim, desc v1.Descriptor, rest io.ReadCloser) error {
	c.broken = true
	if desc.Size < streamed && c.offset == 0 {
		return s.complete(ctx, c.location, desc, rest, desc.Size)
	}
	kept := ""
	if c.offset > 0 {
		kept = fmt.Sprintf("%d-%d", c.offset, desc.Size-1)
	}
	next, err := s.send(ctx, http.MethodPatch, c.location, kept, rest, desc.Size-c.offset)
	if err != nil {
		return err
	}
	if next != "" {
		c.location = next
	}
	c.offset = desc.Size
	return s.complete(ctx, c.location, desc, http.NoBody, 0)
}

// complete ends an upload with its last bytes.
func (s *session) complete(ctx context.Context, location string, desc v1.Descriptor, rest io.ReadCloser, size int64) error {
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
func (s *session) find(ctx context.Context, c claim) claim {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, c.location, nil)
	if err != nil {
		return claim{}
	}
	resp, err := s.client.Do(req)
	if err != nil {
		return claim{}
	}
	defer resp.Body.Close()
	var first, last int64
	if _, err := fmt.Sscanf(resp.Header.Get("Range"), "%d-%d", &first, &last); err != nil || first != 0 || last <= 0 || resp.StatusCode != http.StatusNoContent {
		s.cancel(ctx, c.location)
		return claim{}
	}
	found := claim{location: c.location, offset: last + 1}
	if next, err := resp.Location(); err == nil {
		found.location = next.String()
	}
	return found
}

// send sends a part of a blob, and gives up if the registry takes nothing of it for too
// long. It returns where the next part goes. kept is the range of the part, empty for a
// whole blob.
func (s *session) send(ctx context.Context, method, location, kept string, body io.ReadCloser, size int64) (next string, err error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	watch := newTaken(body, func() { cancel(stalledError{}) })
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
	resp, err := s.client.Do(req)
	if err != nil {
		return "", watch.failure(context.Cause(ctx), err)
	}
	defer resp.Body.Close()
	if err := transport.CheckError(resp, http.StatusCreated, http.StatusAccepted, http.StatusNoContent); err != nil {
		if resp.StatusCode == http.StatusNotFound || resp.StatusCode == http.StatusRequestedRangeNotSatisfiable {
			err = &againError{err} // the registry has lost the upload
		}
		return "", err
	}
	if at, err := resp.Location(); err == nil {
		next = at.String()
	}
	return next, nil
}

// taken is a body that notices when nobody takes anything of it any more.
type taken struct {
	io.ReadCloser
	timer *time.Timer
	once  sync.Once

	mu      sync.Mutex
	touched bool
	err     error // of reading
}

func newTaken(body io.ReadCloser, stalled func()) *taken {
	t := &taken{ReadCloser: body, timer: time.AfterFunc(stallLimit, stalled)}
	t.timer.Stop()
	return t
}

// Read implements io.Reader.
func (t *taken) Read(p []byte) (int, error) {
	t.timer.Stop()
	n, err := t.ReadCloser.Read(p)
	t.mu.Lock()
	t.touched = true
	if err != nil && err != io.EOF {
		t.err = err
	}
	t.mu.Unlock()
	if err == nil {
		t.timer.Reset(stallLimit)
	}
	return n, err
}

// Close implements io.Closer.
func (t *taken) Close() (err error) {
	t.once.Do(func() {
		t.timer.Stop()
		err = t.ReadCloser.Close()
	})
	return err
}

// failure is the error of a request that was not answered: that of reading its body, if
// there was one, else that of the connection. cause is why the request was canceled.
func (t *taken) failure(cause, err error) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	switch {
	case t.err != nil:
		return t.err
	case t.touched && !isTLS(err):
		return midBody(cause, err)
	default:
		return err
	}
}
