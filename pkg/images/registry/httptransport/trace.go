package httptransport

import (
	"fmt"
	"io"
	"net/http"
	"sync"
	"time"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/counted"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/redact"
)

// The levels of a request log, as in kubectl.
const (
	TraceRequests = 6 // one line for each request
	TraceHeaders  = 8 // also the headers of request and answer
)

// Trace returns a transport that logs requests, without bodies and credentials. Below level
// TraceRequests, it returns inner.
func Trace(inner http.RoundTripper, level int, out io.Writer) http.RoundTripper {
	if level < TraceRequests || out == nil {
		return inner
	}
	return &trace{inner: inner, headers: level >= TraceHeaders, out: out}
}

type trace struct {
	inner   http.RoundTripper
	headers bool

	mu  sync.Mutex
	out io.Writer
}

// RoundTrip implements http.RoundTripper.
func (t *trace) RoundTrip(req *http.Request) (*http.Response, error) {
	e := &entry{trace: t, begun: time.Now(), text: req.Method + " " + redact.URL(req.URL)}
	if req.Body != nil && req.Body != http.NoBody {
		req = req.Clone(req.Context())
		req.Body = &counted.Body{ReadCloser: req.Body, Count: func(n int64) { e.sent.Add(n) }}
	}
	if t.headers {
		e.details = redact.Headers("request", req.Header)
	}
	resp, err := t.inner.RoundTrip(req)
	if err != nil {
		e.end(redact.Text(err.Error()))
		return nil, err
	}
	e.status = fmt.Sprintf("%d %s", resp.StatusCode, http.StatusText(resp.StatusCode))
	if t.headers {
		e.details += redact.Headers("response", resp.Header)
	}
	if resp.Body == nil || resp.Body == http.NoBody || req.Method == http.MethodHead {
		e.end("")
		return resp, nil
	}
	resp.Body = &tracedBody{ReadCloser: resp.Body, entry: e}
	return resp, nil
}

func (t *trace) print(text string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	_, _ = io.WriteString(t.out, text) // a log that cannot be written must not fail the request
}
