// Package safehttp is the policy of all HTTP clients that send credentials or talk to
// servers that are not trusted: it limits idle time and size of answers, sends no
// credentials to the target of a redirect on another origin, and sends credentials over
// plain HTTP only if that is allowed. It must not know what is requested.
package safehttp

import (
	"context"
	"net/http"
	"strings"
	"time"
)

// IdleTimeout is the maximum time during which a server may send or receive almost nothing.
const IdleTimeout = time.Minute

// BodyLimit is the maximum size of an answer in bytes, unless WithBodyLimit sets another
// one.
const BodyLimit = 8 << 20

// Policy configures a transport.
type Policy struct {
	// IdleTimeout is the idle timeout; 0 means the constant of this name.
	IdleTimeout time.Duration

	// Plain reports whether credentials may be sent to the host of a request over plain
	// HTTP; nil: never.
	Plain func(*http.Request) bool
}

// New returns a transport that applies a policy to requests and answers of inner. Its
// errors are *IdleTimeoutError, *RedirectError, *ClearTextError and *bounded.ExceededError.
func New(inner http.RoundTripper, policy Policy) http.RoundTripper {
	if policy.IdleTimeout == 0 {
		policy.IdleTimeout = IdleTimeout
	}
	return &transport{inner: inner, policy: policy}
}

// NewClient returns a client with a transport and with CheckRedirect.
func NewClient(through http.RoundTripper) *http.Client {
	return &http.Client{Transport: through, CheckRedirect: CheckRedirect}
}

type limitKey struct{}

// WithBodyLimit returns a context that sets the maximum size of answers in bytes.
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
			_ = req.Body.Close() // the body was not sent
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

// refusal returns an error if a request must not be sent.
func (t *transport) refusal(req *http.Request) error {
	if err := refusedRedirect(req); err != nil {
		return err
	}
	if req.URL.Scheme == "http" && carriesCredentials(req) && (t.policy.Plain == nil || !t.policy.Plain(req)) {
		return &ClearTextError{Host: req.URL.Host}
	}
	return nil
}

// ClearTextError is a refused request with credentials over plain HTTP.
type ClearTextError struct{ Host string }

func (e *ClearTextError) Error() string {
	return "credentials are not sent to " + e.Host + " over plain HTTP"
}

// credentialHeaders returns the headers with credentials.
func credentialHeaders() []string { return []string{"Authorization", "Cookie", "Proxy-Authorization"} }

// carriesCredentials reports whether a request has credentials in its headers or, for token
// requests (docker's OAuth2 token specification), in its form.
func carriesCredentials(req *http.Request) bool {
	for _, name := range credentialHeaders() {
		if req.Header.Get(name) != "" {
			return true
		}
	}
	return req.Method == http.MethodPost && strings.HasPrefix(req.Header.Get("Content-Type"), "application/x-www-form-urlencoded")
}
