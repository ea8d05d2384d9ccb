package httptransport

import (
	"context"
	"crypto/x509"
	"net"
	"net/http"
	"time"
)

// Connections are those that all registries share. Those with hosts that need not prove who
// they are are kept apart, so that no other request goes over one of them.
type Connections struct {
	verified, unverified *http.Transport
	trusts               func(*http.Request) bool // tells that a certificate does not count
}

// NewConnections returns connections. unverified tells for which requests the certificate of
// the host does not count; cas and answer are those of NewBase.
func NewConnections(cas *x509.CertPool, answer time.Duration, unverified func(*http.Request) bool) *Connections {
	return &Connections{verified: NewBase(cas, false, answer), unverified: NewBase(cas, true, answer), trusts: unverified}
}

// RoundTrip implements http.RoundTripper.
func (c *Connections) RoundTrip(req *http.Request) (*http.Response, error) {
	if c.trusts(req) {
		return c.unverified.RoundTrip(req)
	}
	return c.verified.RoundTrip(req)
}

// Close closes the connections that are idle.
func (c *Connections) Close() {
	c.verified.CloseIdleConnections()
	c.unverified.CloseIdleConnections()
}

// Dial lets connections be made by a function, as http.Transport.DialContext says.
func (c *Connections) Dial(dial func(ctx context.Context, network, address string) (net.Conn, error)) {
	c.verified.DialContext, c.unverified.DialContext = dial, dial
}
