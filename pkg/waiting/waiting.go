// Package waiting notices servers that do not answer, and tells how long they have been
// silent. It knows HTTP, and must not know what is asked for, nor who is told.
package waiting

import (
	"io"
	"net/http"
	"sync"
	"time"
)

// Tell is told that requests wait for a host (host[:port]) which has been silent for some
// time. It is called from several goroutines, and must return soon.
type Tell func(host string, silent time.Duration)

// First is when Tell is called first, and Again how long after that and between later
// calls, as long as the host stays silent.
const (
	First = 5 * time.Second
	Again = 25 * time.Second
)

// Watch returns a transport that tells of hosts which are silent while a request, or the
// rest of an answer, is waited for. A host that sends or takes bytes is not silent, whatever
// request they are for. With a nil tell, it is the inner transport.
func Watch(inner http.RoundTripper, tell Tell) http.RoundTripper {
	if tell == nil {
		return inner
	}
	return &watch{inner: inner, tell: tell, hosts: map[string]*host{}}
}

type watch struct {
	inner http.RoundTripper
	tell  Tell

	mu    sync.Mutex
	hosts map[string]*host
}

// RoundTrip implements http.RoundTripper.
func (w *watch) RoundTrip(req *http.Request) (*http.Response, error) {
	h := w.host(req.URL.Host)
	if req.Body != nil && req.Body != http.NoBody {
		req = req.Clone(req.Context())
		req.Body = &sent{ReadCloser: req.Body, host: h}
	}
	h.begin()
	resp, err := w.inner.RoundTrip(req)
	h.end()
	if err != nil {
		return nil, err
	}
	if resp.Body != nil && resp.Body != http.NoBody {
		resp.Body = received(resp.Body, h)
	}
	return resp, nil
}

// WrappedRoundTripper returns the inner transport, so that its idle connections can be closed.
func (w *watch) WrappedRoundTripper() http.RoundTripper { return w.inner }

func (w *watch) host(name string) *host {
	w.mu.Lock()
	defer w.mu.Unlock()
	h := w.hosts[name]
	if h == nil {
		h = &host{name: name, tell: w.tell}
		w.hosts[name] = h
	}
	return h
}

// sent is the body of a request. What is read of it is on its way to the host.
type sent struct {
	io.ReadCloser
	host *host
}

// Read implements io.Reader.
func (b *sent) Read(p []byte) (int, error) {
	b.host.heard()
	return b.ReadCloser.Read(p)
}

// received wraps the body of an answer. One that can be written to, as after a change of
// the protocol, stays so.
func received(body io.ReadCloser, h *host) io.ReadCloser {
	if both, ok := body.(io.ReadWriteCloser); ok {
		return both
	}
	return &answer{ReadCloser: body, host: h}
}

// answer is the body of an answer, which is waited for while it is read.
type answer struct {
	io.ReadCloser
	host *host
}

// Read implements io.Reader.
func (b *answer) Read(p []byte) (int, error) {
	b.host.begin()
	defer b.host.end()
	return b.ReadCloser.Read(p)
}
