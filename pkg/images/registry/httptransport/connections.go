package httptransport

import (
	"cmp"
	"context"
	"crypto/x509"
	"net"
	"net/http"
	"time"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/waiting"
)

// Connections is the connection pool for all registries. Connections with unverified
// certificates have a pool of their own, so that no other request uses them.
type Connections struct {
	verified, unverified *http.Transport
	through              http.RoundTripper        // limits and reports the wait for answers
	trusts               func(*http.Request) bool // reports whether TLS verification is off for a request
}

// NewConnections returns a connection pool. unverified reports whether TLS verification is
// off for a request; cas and answer are the arguments of NewBase. tell receives the hosts
// that do not answer, and may be nil.
func NewConnections(cas *x509.CertPool, answer time.Duration, unverified func(*http.Request) bool, tell waiting.Tell) *Connections {
	c := &Connections{verified: NewBase(cas, false, answer), unverified: NewBase(cas, true, answer), trusts: unverified}
	c.through = waiting.Watch(&patience{inner: choice{c}, limit: cmp.Or(answer, Answer)}, tell)
	return c
}

// RoundTrip implements http.RoundTripper.
func (c *Connections) RoundTrip(req *http.Request) (*http.Response, error) {
	return c.through.RoundTrip(req)
}

// choice chooses the connections for a request.
type choice struct{ *Connections }

// RoundTrip implements http.RoundTripper.
func (c choice) RoundTrip(req *http.Request) (*http.Response, error) {
	if c.trusts(req) {
		return c.unverified.RoundTrip(req)
	}
	return c.verified.RoundTrip(req)
}

// Close closes idle connections.
func (c *Connections) Close() {
	c.verified.CloseIdleConnections()
	c.unverified.CloseIdleConnections()
}

// Dial sets the function that opens connections, as http.Transport.DialContext.
func (c *Connections) Dial(dial func(ctx context.Context, network, address string) (net.Conn, error)) {
	c.verified.DialContext, c.unverified.DialContext = dial, dial
}
