// Package registry is the client for registries: under which name a reference is reached,
// with whose credentials, over which connections. It keeps a session for each repository,
// and makes a storage of one: its requests wait for a limiter, are sent again after
// transient failures, and continue uploads that broke off. The protocol is known in
// repository, HTTP in httptransport, what answers mean in status. It must not know plans,
// nor how an image is copied.
package registry

import (
	"crypto/x509"
	"io"
	"net/http"
	"slices"
	"sync"
	"time"

	"github.com/google/go-containerregistry/pkg/authn"
	"github.com/google/go-containerregistry/pkg/v1/remote/transport"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/registry/httptransport"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/registry/repository"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/registry/rewrite"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/retry"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/memo"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/safehttp"
)

// Config says how registries are reached.
type Config struct {
	Rewrite   []rewrite.Rule // a rule for the very host wins over one of "*", the first of equals wins
	Insecure  []string       // hosts (host[:port]) whose certificates are not verified, nor those of their other ports when the registry there sends to one
	PlainHTTP []string       // hosts (host[:port]) that may speak plain HTTP; loopback hosts always may
	CAs       *x509.CertPool // nil: the system's
	Keychain  authn.Keychain // nil: no credentials
	UserAgent string

	// Moves lists where an image may be that is gone from its source, the likeliest first.
	// The rules are for these places, too. nil: nothing has moved.
	Moves func(images.Ref) []images.Move

	Trace     io.Writer    // where requests are printed
	Verbosity int          // which of them: see httptransport.Trace
	Retry     retry.Policy // how often is tried what may succeed later; the usual if it is zero

	Answer      time.Duration // how long an answer to a request may take to begin; 0 is httptransport.Answer
	IdleTimeout time.Duration // how long nothing of an answer may come; 0 is safehttp.IdleTimeout
}

// Client knows how to reach registries. It keeps connections and tokens, one
// token for each repository and kind of access. It is safe for concurrent use.
type Client struct {
	cfg       Config
	named     func(host string) bool
	base      *httptransport.Connections
	traced    http.RoundTripper // the base, held to the policy for clients, or what prints its requests
	http      *httptransport.Transport
	transport http.RoundTripper

	sessions memo.Group[*repository.Session] // by what they are for, and repository

	mu sync.Mutex // guards the keychain of cfg
}

// New returns registries that are reached as cfg says.
func New(cfg Config) *Client {
	return open(cfg, func(host string) bool {
		return IsNamed(cfg.PlainHTTP, host) || IsNamed(cfg.Insecure, host) ||
			slices.ContainsFunc(cfg.Rewrite, func(m rewrite.Rule) bool { return m.Registry == host })
	})
}

// open returns registries. named tells which hosts the user has named as ones that are to be
// reached, wherever they are; those that cfg has from a cluster do not count.
func open(cfg Config, named func(host string) bool) *Client {
	if cfg.Keychain == nil {
		cfg.Keychain = authn.NewMultiKeychain()
	}
	if cfg.Retry == (retry.Policy{}) {
		cfg.Retry = retry.Usual()
	}
	r := &Client{
		cfg:   cfg,
		named: named,
	}
	r.base = httptransport.NewConnections(cfg.CAs, cfg.Answer, r.isUnverified)
	r.base.Dial(httptransport.Dial(named))
	safe := safehttp.New(r.base, safehttp.Policy{IdleTimeout: cfg.IdleTimeout, Plain: r.mayBeClear})
	r.traced = httptransport.Trace(safe, cfg.Verbosity, cfg.Trace)
	r.http = httptransport.New(r.traced)
	r.transport = transport.NewUserAgent(httptransport.NewPings(httptransport.NewTokens(r.http), r.mayBePlain), cfg.UserAgent)
	return r
}

// Close closes the connections that are idle.
func (r *Client) Close() { r.base.Close() }

// Retries is how often is tried what may succeed later.
func (r *Client) Retries() retry.Policy { return r.cfg.Retry }

// Quotas are sentences on how many pulls registries still allow, from those that tell.
func (r *Client) Quotas() []string { return r.http.Quotas() }
