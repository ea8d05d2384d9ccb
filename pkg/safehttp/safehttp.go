// Package safehttp is what every HTTP client sends its requests through that carries
// credentials, or reads what servers of others answer: an answer that stands still or does
// not end is given up, a redirect leads no credentials elsewhere, and credentials travel
// over plain HTTP only where that is allowed. It knows HTTP, and must not know what is
// asked for.
package safehttp

import (
	"context"
	"net/http"
	"strings"
	"time"
)

// IdleTimeout is how long a server may send or take next to nothing before it is given up.
const IdleTimeout = time.Minute

// BodyLimit is how many bytes an answer may have, unless WithBodyLimit says otherwise.
const BodyLimit = 8 << 20

// Policy is what a transport allows.
type Policy struct {
	// IdleTimeout replaces the constant of this name if it is not 0.
	IdleTimeout time.Duration

	// Plain tells whether the host of a request may get credentials over plain HTTP; nil
	// is for none.
	Plain func(*http.Request) bool
}

// New returns a transport that holds what passes through another one to a policy. Errors
// are a *IdleTimeoutError, *RedirectError, *ClearTextError, or *bounded.ExceededError.
func New(inner http.RoundTripper, policy Policy) http.RoundTripper {
	if policy.IdleTimeout == 0 {
		policy.IdleTimeout = IdleTimeout
	}
	return &transport{inner: inner, policy: policy}
}

// NewClient returns a client that sends its requests through a transport, and follows
// redirects as CheckRedirect allows.
func NewClient(through http.RoundTripper) *http.Client {
	return &http.Client{Transport: through, CheckRedirect: CheckRedirect}
}

type limitKey struct{}

// WithBodyLimit returns a context whose requests may be answered with this many bytes.
func WithBodyLimit(ctx context.Context, limit int64) context.Context {
	return context.WithValue(ctx, limitKey{}, limit)
}

type transport struct {
	inner  http.RoundTripper
	policy Policy
}

// RoundTrip implements http.RoundTripper.
func (t *transport) RoundTrip(req *http.Request) (*http.Response, error) {
	if err := t.refusal(req); err != nil {
		if req.Body != nil {
			_ = req.Body.Close() // nothing was read of it
		}
		return nil, err
	}
	ctx, cancel := context.WithCancelCause(req.Context())
	resp, err := t.inner.RoundTrip(req.WithContext(ctx))
	if err != nil {
		cancel(nil)
		return nil, err
	}
	resp.Request = req
	if resp.Body == nil || resp.Body == http.NoBody || req.Method == http.MethodHead {
		cancel(nil)
		return resp, nil
	}
	limit, ok := req.Context().Value(limitKey{}).(int64)
	if !ok {
		limit = BodyLimit
	}
	resp.Body = newBody(ctx, cancel, resp.Body, t.policy.IdleTimeout, limit)
	return resp, nil
}

// refusal returns why a request is not sent.
func (t *transport) refusal(req *http.Request) error {
	if err := refusedRedirect(req); err != nil {
		return err
	}
	if req.URL.Scheme == "http" && carriesCredentials(req) && (t.policy.Plain == nil || !t.policy.Plain(req)) {
		return &ClearTextError{Host: req.URL.Host}
	}
	return nil
}

// ClearTextError is a request that would show credentials to everybody on its way.
type ClearTextError struct{ Host string }

func (e *ClearTextError) Error() string {
	return "credentials are not sent to " + e.Host + " over plain HTTP"
}

// credentialHeaders are the headers that let somebody in.
func credentialHeaders() []string { return []string{"Authorization", "Cookie", "Proxy-Authorization"} }

// carriesCredentials tells whether a request has credentials in its headers or, as those
// for tokens do (docker's oauth2 token specification), in a form.
func carriesCredentials(req *http.Request) bool {
	for _, name := range credentialHeaders() {
		if req.Header.Get(name) != "" {
			return true
		}
	}
	return req.Method == http.MethodPost && strings.HasPrefix(req.Header.Get("Content-Type"), "application/x-www-form-urlencoded")
}
