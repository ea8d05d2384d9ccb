// Package registry is the client for registries: registry map, login, sessions per
// repository, and connections. It implements storage.Source and storage.Target for a
// repository; these wait for a limiter, retry transient failures and resume interrupted
// uploads. Package repository implements the protocol, httptransport the connections,
// status the meaning of answers. This package must not know plans, nor how an image is
// copied.
package registry

import (
	"cmp"
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
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/registry/pace"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/registry/repository"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/registry/rewrite"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/retry"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/memo"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/safehttp"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/waiting"
)

// Config configures a Client.
type Config struct {
	Rewrite   []rewrite.Rule // the first rule for the exact host wins; else the first rule for "*"
	Insecure  []string       // hosts (host[:port]) whose certificates are not verified, also on other ports to which their registry refers
	PlainHTTP []string       // hosts (host[:port]) with plain HTTP allowed; always allowed for loopback hosts
	CAs       *x509.CertPool // nil: the CAs of the system
	Keychain  authn.Keychain // nil: no credentials
	UserAgent string

	// Moves lists the possible new repositories of an image that is gone from its source,
	// the most likely first. The rules of Rewrite also apply to these. nil: no moves are
	// known.
	Moves func(images.Ref) []images.Move

	Waiting   waiting.Tell // receives the hosts that do not answer, or nil
	Trace     io.Writer    // destination of the request log
	Verbosity int          // level of the request log: see httptransport.Trace
	Retry     retry.Policy // retries of transient failures; zero: retry.Usual

	// MaxWait is the longest wait that a registry may ask for (Retry-After); 0:
	// retry.LongestWait.
	MaxWait time.Duration

	// Limits are the limits of requests to each host. Clients with the same Limits share
	// them. nil: the budgets of well-known hosts.
	Limits *pace.Hosts

	Answer      time.Duration // longest wait for the start of an answer to a GET or HEAD request, five times as long for other requests; 0: httptransport.Answer
	IdleTimeout time.Duration // longest pause within an answer; 0: safehttp.IdleTimeout
}

// Streamed is the size from which a blob is uploaded in a request of its own.
const Streamed = repository.Streamed

// Client is a client for any number of registries. It keeps connections open, and one token
// for each repository and scope (pull or push). It is safe for concurrent use.
type Client struct {
	cfg       Config
	named     func(host string) bool
	base      *httptransport.Connections
	traced    http.RoundTripper // base with safehttp's policy and the request log
	http      *httptransport.Transport
	transport http.RoundTripper

	sessions memo.Group[*repository.Session] // by operation (pull or push) and repository

	mu sync.Mutex // protects the keychain of cfg
}

// New returns a client.
func New(cfg Config) *Client {
	return open(cfg, func(host string) bool {
		return IsNamed(cfg.PlainHTTP, host) || IsNamed(cfg.Insecure, host) ||
			slices.ContainsFunc(cfg.Rewrite, func(m rewrite.Rule) bool { return m.Registry == host })
	})
}

// open returns a client. named reports whether the user has named a host explicitly; hosts
// in cfg that come from the cluster do not count.
func open(cfg Config, named func(host string) bool) *Client {
	if cfg.Keychain == nil {
		cfg.Keychain = authn.NewMultiKeychain()
	}
	if cfg.Retry == (retry.Policy{}) {
		cfg.Retry = retry.Usual()
	}
	cfg.Retry.MaxWait = cmp.Or(cfg.MaxWait, cfg.Retry.MaxWait)
	if cfg.Limits == nil {
		cfg.Limits = pace.New(pace.WellKnown())
	}
	r := &Client{
		cfg:   cfg,
		named: named,
	}
	r.base = httptransport.NewConnections(cfg.CAs, cfg.Answer, r.isUnverified, cfg.Waiting)
	r.base.Dial(httptransport.Dial(named))
	safe := safehttp.New(r.base, safehttp.Policy{IdleTimeout: cfg.IdleTimeout, Plain: r.mayBeClear})
	r.traced = httptransport.Trace(safe, cfg.Verbosity, cfg.Trace)
	r.http = httptransport.New(r.traced, cfg.Limits, cfg.Retry.LongestWait())
	r.transport = transport.NewUserAgent(httptransport.NewPings(httptransport.NewTokens(r.http), r.mayBePlain), cfg.UserAgent)
	return r
}

// Close closes idle connections.
func (r *Client) Close() { r.base.Close() }

// Limits returns the limits of requests to each host, for the Config of another client.
func (r *Client) Limits() *pace.Hosts { return r.cfg.Limits }

// Retries returns the retry policy.
func (r *Client) Retries() retry.Policy { return r.cfg.Retry }

// Quota returns the pull quota of a registry, if the registry has reported one.
func (r *Client) Quota(registry string) (httptransport.Quota, bool) { return r.http.Quota(registry) }

// Quotas returns one sentence for each registry that reports its remaining pull quota.
func (r *Client) Quotas() []string { return r.http.Quotas() }
