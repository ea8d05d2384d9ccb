package httptransport

import (
	"context"
	"errors"
	"net"
	"net/http"
	"time"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/failure"
)

// patience gives up requests that read and are not answered in time. Those that write are
// given up by the base, which begins to count when all of the body was sent.
type patience struct {
	inner http.RoundTripper
	limit time.Duration
}

// RoundTrip implements http.RoundTripper. The context of the request must end once its
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

// silences is how many timeouts in a row show that nobody is there. Nothing else is sent to
// such a host: each image would wait for the same.
const silences = 2

// remember notes how a first question with a scheme ended. It returns the error that all
// later ones get, too, if that is settled.
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
