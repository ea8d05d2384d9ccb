// Package httptransport is the HTTP layer below all requests to registries: connections,
// proxies, TLS, request logs, rate limits and the first request to each host. It must not
// know images.
package httptransport

import (
	"cmp"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"net/http"
	"strconv"
	"sync"
	"syscall"
	"time"

	"github.com/google/go-containerregistry/pkg/v1/remote/transport"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/failure"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/registry/pace"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/registry/status"
)

// Answer is the longest wait for the start of an answer to a GET or HEAD request.
const Answer = time.Minute

// writing is the factor by which the answer to any other request may take longer: some
// registries need minutes to commit a large layer.
const writing = 5

// NewBase returns a transport with the settings for all registries. An answer that does not
// start within five times the given time is a timeout; 0 means Answer.
func NewBase(cas *x509.CertPool, insecure bool, answer time.Duration) *http.Transport {
	return &http.Transport{
		Proxy:                 http.ProxyFromEnvironment,
		DialContext:           Dial(func(string) bool { return false }),
		TLSClientConfig:       &tls.Config{RootCAs: cas, InsecureSkipVerify: insecure, MinVersion: tls.VersionTLS12}, //nolint:gosec // --insecure asks for it
		ForceAttemptHTTP2:     true,
		DisableCompression:    true, // blobs and manifests must keep their stored bytes
		MaxIdleConnsPerHost:   64,
		IdleConnTimeout:       90 * time.Second,
		TLSHandshakeTimeout:   10 * time.Second,
		ResponseHeaderTimeout: writing * cmp.Or(answer, Answer),
		ExpectContinueTimeout: time.Second,
		WriteBufferSize:       64 << 10,
	}
}

// Transport limits the rate of all requests, and observes their answers. It records
// Retry-After and pull quotas, and which hosts have answered.
type Transport struct {
	inner   http.RoundTripper
	limits  *pace.Hosts
	longest time.Duration // longest wait that a host may ask for

	known  sync.Map // hosts that have answered
	quotas quotas
	after  sync.Map // host → time of the last Retry-After
}

// New returns a Transport on top of inner, with the limits of all hosts. A host may ask for a
// wait up to longest for all requests.
func New(inner http.RoundTripper, limits *pace.Hosts, longest time.Duration) *Transport {
	return &Transport{inner: inner, limits: limits, longest: longest}
}

// RoundTrip implements http.RoundTripper. It waits until the limit of the host allows the
// request.
func (t *Transport) RoundTrip(req *http.Request) (*http.Response, error) {
	limited, err := t.limits.Start(req.Context(), req.URL.Host)
	if err != nil {
		if req.Body != nil {
			_ = req.Body.Close() // as every RoundTripper
		}
		return nil, err
	}
	begun := t.quotas.now()
	resp, err := t.inner.RoundTrip(req)
	if err != nil {
		if _, ok := t.known.Load(req.URL.Host); ok && errors.Is(err, syscall.ECONNREFUSED) {
			return nil, &failure.InterruptedError{Err: err} // the host is restarting
		}
		return nil, err
	}
	t.known.Store(req.URL.Host, true)
	t.learn(req.URL.Host, begun, limited, resp)
	resp.Body = newAnswer(req.Context(), resp.Body)
	return resp, nil
}

// learn records what an answer says about limits. An exhausted quota without Retry-After
// counts as a Retry-After after its window. begun is the time at which the request began.
func (t *Transport) learn(host string, begun int64, limited pace.Request, resp *http.Response) {
	now := time.Now()
	quota, known := quotaOf(resp.Header)
	if known {
		t.quotas.record(host, quota, begun)
	}
	refused := resp.StatusCode == http.StatusTooManyRequests
	exhausted := refused && known && quota.Remaining == 0
	if exhausted && resp.Header.Get("Retry-After") == "" {
		resp.Header.Set("Retry-After", strconv.Itoa(int(quota.Window.Seconds())))
	}
	after := status.RetryAfter(resp.Header, now)
	if !after.IsZero() && status.IsTransient(resp.StatusCode) {
		t.after.Store(host, after)
	}
	switch {
	case refused && after.Sub(now) > t.longest: // the request fails
	case exhausted:
		limited.Delayed(after)
	case refused:
		limited.Refused(after)
	case resp.StatusCode < http.StatusInternalServerError:
		limited.Accepted()
	}
}

// RetryAfter returns the time of the last Retry-After of the host in an error of
// go-containerregistry, because such errors lack the headers. It is zero if the time has
// passed or the host sent none.
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
