package httptransport

import (
	"context"
	"errors"
	"net"
	"net/http"
	"time"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/failure"
)

// patience cancels GET and HEAD requests without an answer within the limit. Other requests
// have the timeout of the base transport, which starts after the request body was sent.
type patience struct {
	inner http.RoundTripper
	limit time.Duration
}

// RoundTrip implements http.RoundTripper. The context of the request must end after the
// answer was read.
func (p *patience) RoundTrip(req *http.Request) (*http.Response, error) {
	if req.Method != http.MethodGet && req.Method != http.MethodHead {
		return p.inner.RoundTrip(req)
	}
	ctx, cancel := context.WithCancelCause(req.Context())
	timer := time.AfterFunc(p.limit, func() { cancel(&failure.NoAnswerError{Limit: p.limit}) })
	resp, err := p.inner.RoundTrip(req.WithContext(ctx))
	timer.Stop()
	var silent *failure.NoAnswerError
	if err != nil && errors.As(context.Cause(ctx), &silent) {
		return nil, silent
	}
	return resp, err
}

// silences is the number of consecutive timeouts after which a host counts as silent. No
// more requests are sent to a silent host, because each image would wait for the timeout
// again.
const silences = 2

// remember records the result of the first request to a host with a scheme. If the host is
// silent, it returns the error for all later requests.
func (h *pinged) remember(scheme string, err error) error {
	var timeout net.Error
	if !errors.As(err, &timeout) || !timeout.Timeout() {
		return err
	}
	if h.timeouts == nil {
		h.timeouts, h.silent = map[string]int{}, map[string]error{}
	}
	if h.timeouts[scheme]++; h.timeouts[scheme] >= silences {
		h.silent[scheme] = &failure.SilentError{Err: err}
		return h.silent[scheme]
	}
	return err
}
