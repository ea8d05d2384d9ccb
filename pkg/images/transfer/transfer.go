// Package transfer copies images between registries. It knows names, credentials,
// transports, retries and manifests; it must not know where a plan comes from, how
// it is printed, or Kubernetes.
//
// One image goes through three phases: its manifest tree is read, its blobs are
// moved, its manifests are committed, children first and the tag last.
package transfer

import (
	"crypto/x509"
	"net/http"
	"sync"
	"time"

	"github.com/google/go-containerregistry/pkg/authn"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/remote/transport"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images"
)

// Config says how registries are reached.
type Config struct {
	Mappings  []Mapping      // a mapping of the very host wins over one of "*", the first of equals wins
	Insecure  bool           // skip TLS verification
	PlainHTTP []string       // hosts (host[:port]) that may speak plain HTTP; loopback hosts always may
	CAs       *x509.CertPool // nil: the system's
	Keychain  authn.Keychain // nil: no credentials
	UserAgent string
}

// Registries knows how to reach registries. It keeps connections and tokens, one
// token for each repository and kind of access. It is safe for concurrent use.
type Registries struct {
	cfg       Config
	retry     policy
	base      *http.Transport
	transport http.RoundTripper

	mu       sync.Mutex
	sessions map[sessionKey]*session
}

// NewRegistries returns registries that are reached as cfg says.
func NewRegistries(cfg Config) *Registries {
	if cfg.Keychain == nil {
		cfg.Keychain = authn.NewMultiKeychain()
	}
	r := &Registries{
		cfg:      cfg,
		retry:    policy{attempts: 5, first: 500 * time.Millisecond, longest: 30 * time.Second},
		base:     newBase(cfg),
		sessions: map[sessionKey]*session{},
	}
	r.transport = transport.NewUserAgent(&pings{inner: &wire{inner: r.base}, plain: r.mayBePlain}, cfg.UserAgent)
	return r
}

// Close closes the connections that are idle.
func (r *Registries) Close() { r.base.CloseIdleConnections() }

// Options say how a plan is carried out.
type Options struct {
	Jobs int // images at once, 8 if it is not positive

	// Platforms are the platforms of multi-platform images to copy; none means all,
	// and only then does the digest of an index stay what it is. An image that is
	// not an index is copied whatever its platform, as skopeo and crane do.
	Platforms []v1.Platform

	Observer Observer // nil: nobody
}

// Observer is told what happens. Calls come from several goroutines, and the copy
// waits for them.
type Observer interface {
	// Started is called before the first request for an image, and not for one that is
	// never tried.
	Started(c images.Copy)
	// Transferred is called while blobs and manifests are uploaded, with the bytes
	// since the last call. Bytes that a retry sends again count again.
	Transferred(c images.Copy, bytes int64)
	// Waiting is called before a retry.
	Waiting(c images.Copy, reason string, d time.Duration)
	// Finished is called once for each copy of the plan.
	Finished(r images.Result)
}

// nobody is the observer that does not look.
type nobody struct{}

func (nobody) Started(images.Copy)                        {}
func (nobody) Transferred(images.Copy, int64)             {}
func (nobody) Waiting(images.Copy, string, time.Duration) {}
func (nobody) Finished(images.Result)                     {}
