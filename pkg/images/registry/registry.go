// Package registry is how registries are reached: under which name, with whose credentials,
// over which connections. It keeps a session for each repository, and reads what discovery
// wants from registries: digests, charts, files of images. It must not know plans, nor how
// an image is copied.
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
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/registry/rewrite"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/retry"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/safehttp"
)

// Config says how registries are reached.
type Config struct {
	Mappings  []rewrite.Mapping // a mapping of the very host wins over one of "*", the first of equals wins
	Insecure  []string          // hosts (host[:port]) whose certificates are not verified, nor those of their other ports when the registry there sends to one
	PlainHTTP []string          // hosts (host[:port]) that may speak plain HTTP; loopback hosts always may
	CAs       *x509.CertPool    // nil: the system's
	Keychain  authn.Keychain    // nil: no credentials
	UserAgent string

	// Moves lists where an image may be that is gone from its source, the likeliest first.
	// The mappings are for these places, too. nil: nothing has moved.
	Moves func(images.Ref) []images.Move

	Trace     io.Writer    // where requests are printed
	Verbosity int          // which of them: see httptransport.Trace
	Retry     retry.Policy // how often is tried what may succeed later; the usual if it is zero

	Answer time.Duration // how long an answer to a request may take to begin; 0 is httptransport.Answer
	Stall  time.Duration // how long nothing of an answer may come; 0 is safehttp.Stall
}

// Registries knows how to reach registries. It keeps connections and tokens, one
// token for each repository and kind of access. It is safe for concurrent use.
type Registries struct {
	cfg       Config
	named     func(host string) bool
	base      *httptransport.Connections
	traced    http.RoundTripper // the base, held to the policy for clients, or what prints its requests
	wire      *httptransport.Wire
	transport http.RoundTripper

	mu       sync.Mutex
	sessions map[sessionKey]*opening
}

// New returns registries that are reached as cfg says.
func New(cfg Config) *Registries {
	return open(cfg, func(host string) bool {
		return IsNamed(cfg.PlainHTTP, host) || IsNamed(cfg.Insecure, host) ||
			slices.ContainsFunc(cfg.Mappings, func(m rewrite.Mapping) bool { return m.Registry == host })
	})
}

// open returns registries. named tells which hosts the user has named as ones that are to be
// reached, wherever they are; those that cfg has from a cluster do not count.
func open(cfg Config, named func(host string) bool) *Registries {
	if cfg.Keychain == nil {
		cfg.Keychain = authn.NewMultiKeychain()
	}
	if cfg.Retry == (retry.Policy{}) {
		cfg.Retry = retry.Usual()
	}
	r := &Registries{
		cfg:      cfg,
		named:    named,
		sessions: map[sessionKey]*opening{},
	}
	r.base = httptransport.NewConnections(cfg.CAs, cfg.Answer, r.isUnverified)
	r.base.Dial(httptransport.Dial(named))
	safe := safehttp.New(r.base, safehttp.Policy{Stall: cfg.Stall, Plain: r.mayBeClear})
	r.traced = httptransport.Trace(safe, cfg.Verbosity, cfg.Trace)
	r.wire = httptransport.New(r.traced)
	r.transport = transport.NewUserAgent(httptransport.NewPings(httptransport.NewTokens(r.wire), r.mayBePlain), cfg.UserAgent)
	return r
}

// Close closes the connections that are idle.
func (r *Registries) Close() { r.base.Close() }

// Retries is how often is tried what may succeed later.
func (r *Registries) Retries() retry.Policy { return r.cfg.Retry }

// Quotas are sentences on how many pulls registries still allow, from those that tell.
func (r *Registries) Quotas() []string { return r.wire.Quotas() }
