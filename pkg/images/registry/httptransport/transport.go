// Package httptransport is what all requests to registries go through: connections, proxies and TLS;
// counting and noting what passes; and the first question to each host. It knows HTTP, and
// must not know images.
package httptransport

import (
	"cmp"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"net/http"
	"sync"
	"syscall"
	"time"

	"github.com/google/go-containerregistry/pkg/v1/remote/transport"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/failure"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/registry/status"
)

// Answer is how long an answer may take to begin after a request was sent: committing a
// large layer takes some registries minutes.
const Answer = 5 * time.Minute

// NewBase returns the transport that all registries share. An answer that does not begin
// for some time is a timeout; 0 stands for Answer.
func NewBase(cas *x509.CertPool, insecure bool, answer time.Duration) *http.Transport {
	return &http.Transport{
		Proxy:                 http.ProxyFromEnvironment,
		DialContext:           Dial(func(string) bool { return false }),
		TLSClientConfig:       &tls.Config{RootCAs: cas, InsecureSkipVerify: insecure, MinVersion: tls.VersionTLS12}, //nolint:gosec // --insecure asks for it
		ForceAttemptHTTP2:     true,
		DisableCompression:    true, // blobs and manifests are wanted as they are stored
		MaxIdleConnsPerHost:   64,
		IdleConnTimeout:       90 * time.Second,
		TLSHandshakeTimeout:   10 * time.Second,
		ResponseHeaderTimeout: cmp.Or(answer, Answer),
		ExpectContinueTimeout: time.Second,
		WriteBufferSize:       64 << 10,
	}
}

// Transport watches the requests below everything else: it notes what a registry asks for, and knows which hosts have answered before.
type Transport struct {
	inner  http.RoundTripper
	known  sync.Map // hosts that have answered
	quotas sync.Map // host → what it said last about the pulls that are left
	after  sync.Map // host → when it asked last to try again
}

// New returns a transport that sends its requests through another one.
func New(inner http.RoundTripper) *Transport { return &Transport{inner: inner} }

// RoundTrip implements http.RoundTripper.
func (t *Transport) RoundTrip(req *http.Request) (*http.Response, error) {
	resp, err := t.inner.RoundTrip(req)
	if err != nil {
		if _, ok := t.known.Load(req.URL.Host); ok && errors.Is(err, syscall.ECONNREFUSED) {
			return nil, &failure.InterruptedError{Err: err} // it is restarting
		}
		return nil, err
	}
	t.known.Store(req.URL.Host, true)
	if left := resp.Header.Get("RateLimit-Remaining"); left != "" {
		t.quotas.Store(req.URL.Host, left)
	}
	if after := status.RetryAfter(resp.Header, time.Now()); !after.IsZero() && status.IsTransient(resp.StatusCode) {
		t.after.Store(req.URL.Host, after)
	}
	resp.Body = newAnswer(req.Context(), resp.Body)
	return resp, nil
}

// RetryAfter is when the host that an error of go-containerregistry comes from has asked to
// try again, zero if that is past or it has not: such errors lack the headers.
func (t *Transport) RetryAfter(err error) time.Time {
	var known *transport.Error
	if !errors.As(err, &known) || known.Request == nil {
		return time.Time{}
	}
	after, _ := t.after.Load(known.Request.URL.Host)
	if at, ok := after.(time.Time); ok && at.After(time.Now()) {
		return at
	}
	return time.Time{}
}
