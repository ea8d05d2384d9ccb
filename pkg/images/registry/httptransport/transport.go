// Package httptransport is what all requests to registries go through: connections, proxies and TLS;
// counting and noting what passes; and the first question to each host. It knows HTTP, and
// must not know images.
package httptransport

import (
	"cmp"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/failure"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/registry/rewrite"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/retry"
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

// Wire watches the requests below everything else: it counts what is uploaded, notes
// what a registry asks for, and knows which hosts have answered before.
type Wire struct {
	inner  http.RoundTripper
	known  sync.Map // hosts that have answered
	quotas sync.Map // host → what it said last about the pulls that are left
}

// New returns a wire that sends its requests through a transport.
func New(inner http.RoundTripper) *Wire { return &Wire{inner: inner} }

// RoundTrip implements http.RoundTripper.
func (w *Wire) RoundTrip(req *http.Request) (*http.Response, error) {
	if count, ok := req.Context().Value(countKey{}).(func(int64)); ok && isUpload(req) {
		req = counted(req, count)
	}
	resp, err := w.inner.RoundTrip(req)
	if err != nil {
		if _, ok := w.known.Load(req.URL.Host); ok && errors.Is(err, syscall.ECONNREFUSED) {
			return nil, &failure.BrokenError{Err: err} // it is restarting
		}
		return nil, err
	}
	w.known.Store(req.URL.Host, true)
	if left := resp.Header.Get("RateLimit-Remaining"); left != "" {
		w.quotas.Store(req.URL.Host, left)
	}
	if failure.IsTransientStatus(resp.StatusCode) {
		retry.Note(req.Context(), rewrite.HostName(req.URL.Host), resp.Header.Get("Retry-After"), time.Now())
	}
	resp.Body = newAnswer(req.Context(), resp.Body)
	return resp, nil
}

// Quotas are sentences on how many pulls registries still allow, from those that tell.
func (w *Wire) Quotas() []string {
	var quotas []string
	w.quotas.Range(func(host, left any) bool {
		count, window, _ := strings.Cut(left.(string), ";w=")
		text := fmt.Sprintf("%s allows %s more pulls", rewrite.HostName(host.(string)), count)
		if seconds, err := strconv.Atoi(window); err == nil {
			text += " in " + (time.Duration(seconds) * time.Second).String()
		}
		quotas = append(quotas, text)
		return true
	})
	slices.Sort(quotas)
	return quotas
}

// isUpload tells whether a request carries a blob or a manifest.
func isUpload(req *http.Request) bool {
	return req.Body != nil && (req.Method == http.MethodPatch || req.Method == http.MethodPut)
}

// countKey is for what is told about uploads in a context.
type countKey struct{}

// Counting returns a context whose requests say how many bytes of blobs and manifests they
// have uploaded.
func Counting(ctx context.Context, count func(int64)) context.Context {
	return context.WithValue(ctx, countKey{}, count)
}

// counted returns the request with a body that reports what was read of it.
func counted(req *http.Request, count func(int64)) *http.Request {
	req = req.Clone(req.Context())
	req.Body = &CountedBody{ReadCloser: req.Body, Count: count}
	if again := req.GetBody; again != nil {
		req.GetBody = func() (io.ReadCloser, error) {
			body, err := again()
			if err != nil {
				return nil, err
			}
			return &CountedBody{ReadCloser: body, Count: count}, nil
		}
	}
	return req
}
