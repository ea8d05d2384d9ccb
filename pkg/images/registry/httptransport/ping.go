package httptransport

import (
	"errors"
	"io"
	"net/http"
	"net/url"
	"sync"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/failure"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/memo"
)

// pings answers the first request of every session (GET /v2/, for the login method) from
// memory after a host has answered it once, so a host receives one such request and not one
// per repository. It also determines the scheme of a host: HTTPS first, and plain HTTP only
// if plain HTTP is allowed and HTTPS failed for another reason than the certificate.
type pings struct {
	inner http.RoundTripper
	plain func(host string) bool
	hosts memo.Group[*pinged] // by host
}

type pinged struct {
	mu      sync.Mutex
	scheme  string // "" before the first answer
	status  int
	header  http.Header
	realm   *url.URL // the token server that tokenPath replaces, or nil
	secured error    // failure of HTTPS

	timeouts map[string]int   // by scheme: number of timeouts
	silent   map[string]error // by scheme: *failure.SilentError after the last timeout
}

// NewPings returns a transport on top of inner. plain reports whether plain HTTP is allowed
// for a host.
func NewPings(inner http.RoundTripper, plain func(host string) bool) http.RoundTripper {
	return &pings{inner: inner, plain: plain}
}

// RoundTrip implements http.RoundTripper.
func (p *pings) RoundTrip(req *http.Request) (*http.Response, error) {
	if req.URL.Path == tokenPath {
		if realm := p.host(req).tokens(); realm != nil {
			req = toRealm(req, realm)
		}
		return p.inner.RoundTrip(req)
	}
	if req.Method != http.MethodGet || req.URL.Path != "/v2/" || req.Header.Get("Authorization") != "" {
		return p.inner.RoundTrip(req)
	}
	return p.ping(p.host(req), req)
}

func (p *pings) host(req *http.Request) *pinged {
	host, _ := p.hosts.Get(req.URL.Host, func() (*pinged, error) { return &pinged{}, nil })
	return host
}

func (h *pinged) tokens() *url.URL {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.realm
}

func (p *pings) ping(host *pinged, req *http.Request) (*http.Response, error) {
	host.mu.Lock()
	defer host.mu.Unlock()
	if err := host.silent[req.URL.Scheme]; err != nil {
		return nil, err
	}
	if host.scheme == "" {
		if err := p.refuse(host, req); err != nil {
			return nil, err
		}
		resp, err := host.ask(p.inner, req)
		if err != nil || host.scheme == "" {
			return resp, err
		}
	}
	if host.scheme != req.URL.Scheme {
		return nil, errors.New("the registry uses " + host.scheme)
	}
	return host.answer(req), nil
}

// refuse returns an error if plain HTTP must not be tried.
func (p *pings) refuse(host *pinged, req *http.Request) error {
	if req.URL.Scheme == "https" || (p.plain(req.URL.Host) && (!failure.IsTLS(host.secured) || failure.IsPlain(host.secured))) {
		return nil
	}
	if host.secured != nil {
		return host.secured
	}
	return errors.New("plain HTTP is not allowed")
}

// ask sends the request, and stores the answer if it names a login method.
func (h *pinged) ask(inner http.RoundTripper, req *http.Request) (*http.Response, error) {
	resp, err := inner.RoundTrip(req)
	if err != nil {
		err = h.remember(req.URL.Scheme, err)
		if req.URL.Scheme == "https" {
			h.secured = err
		}
		return nil, err
	}
	if resp.StatusCode != http.StatusOK && resp.StatusCode != http.StatusUnauthorized {
		return resp, nil
	}
	defer resp.Body.Close()
	_, _ = io.Copy(io.Discard, resp.Body) // so that the connection can be reused
	h.scheme, h.status, h.header = req.URL.Scheme, resp.StatusCode, resp.Header.Clone()
	challenges := h.header.Values("WWW-Authenticate")
	for i, challenge := range challenges {
		realm, changed := ownRealm(req.URL.Host, h.scheme, challenge)
		if realm != nil {
			h.realm, challenges[i] = realm, changed
		}
	}
	return resp, nil
}

func (h *pinged) answer(req *http.Request) *http.Response {
	return &http.Response{
		Status: http.StatusText(h.status), StatusCode: h.status, Header: h.header.Clone(),
		Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1, Body: http.NoBody, Request: req,
	}
}
