package transfer

import (
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"
)

// newBase returns the transport that all registries share. No answer within five
// minutes of a request is a timeout: committing a large layer takes some registries
// minutes.
func newBase(cfg Config) *http.Transport {
	dialer := &net.Dialer{Timeout: 10 * time.Second, KeepAlive: 30 * time.Second}
	return &http.Transport{
		Proxy:                 http.ProxyFromEnvironment,
		DialContext:           dialer.DialContext,
		TLSClientConfig:       &tls.Config{RootCAs: cfg.CAs, InsecureSkipVerify: cfg.Insecure, MinVersion: tls.VersionTLS12}, //nolint:gosec // --insecure asks for it
		ForceAttemptHTTP2:     true,
		DisableCompression:    true, // blobs and manifests are wanted as they are stored
		MaxIdleConnsPerHost:   64,
		IdleConnTimeout:       90 * time.Second,
		TLSHandshakeTimeout:   10 * time.Second,
		ResponseHeaderTimeout: 5 * time.Minute,
		ExpectContinueTimeout: time.Second,
		WriteBufferSize:       64 << 10,
	}
}

// mayBePlain tells whether a host may speak plain HTTP.
func (r *Registries) mayBePlain(host string) bool {
	return isLoopback(host) || slices.Contains(r.cfg.PlainHTTP, hostName(host))
}

func isLoopback(host string) bool {
	if h, _, err := net.SplitHostPort(host); err == nil {
		host = h
	}
	if host == "localhost" || strings.HasSuffix(host, ".localhost") {
		return true
	}
	return net.ParseIP(strings.Trim(host, "[]")).IsLoopback()
}

// wire watches the requests below everything else: it counts what is uploaded, notes
// what a registry asks for, and knows which hosts have answered before.
type wire struct {
	inner  http.RoundTripper
	known  sync.Map // hosts that have answered
	quotas sync.Map // host → what it said last about the pulls that are left
}

// RoundTrip implements http.RoundTripper.
func (w *wire) RoundTrip(req *http.Request) (*http.Response, error) {
	if t, ok := req.Context().Value(trackerKey{}).(*tracker); ok && isUpload(req) {
		req = t.counted(req)
	}
	resp, err := w.inner.RoundTrip(req)
	if err != nil {
		if _, ok := w.known.Load(req.URL.Host); ok && errors.Is(err, syscall.ECONNREFUSED) {
			return nil, &brokenError{err} // it is restarting
		}
		return nil, err
	}
	w.known.Store(req.URL.Host, true)
	if left := resp.Header.Get("RateLimit-Remaining"); left != "" {
		w.quotas.Store(req.URL.Host, left)
	}
	if asked, ok := req.Context().Value(wishKey{}).(*wish); ok && isTransientStatus(resp.StatusCode) {
		asked.note(resp.Header.Get("Retry-After"), time.Now())
	}
	return resp, nil
}

// Quotas are sentences on how many pulls registries still allow, from those that tell.
func (r *Registries) Quotas() []string {
	var quotas []string
	r.wire.quotas.Range(func(host, left any) bool {
		count, window, _ := strings.Cut(left.(string), ";w=")
		text := fmt.Sprintf("%s allows %s more pulls", hostName(host.(string)), count)
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

// counted returns the request with a body that reports what was read of it.
func (t *tracker) counted(req *http.Request) *http.Request {
	req = req.Clone(req.Context())
	req.Body = &countedBody{ReadCloser: req.Body, count: t.uploaded}
	if again := req.GetBody; again != nil {
		req.GetBody = func() (io.ReadCloser, error) {
			body, err := again()
			if err != nil {
				return nil, err
			}
			return &countedBody{ReadCloser: body, count: t.uploaded}, nil
		}
	}
	return req
}

type countedBody struct {
	io.ReadCloser
	count func(int64)
}

func (b *countedBody) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	if n > 0 {
		b.count(int64(n))
	}
	return n, err
}
