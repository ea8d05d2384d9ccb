// Package transfer copies images between registries and archives, and verifies them. It
// knows names, credentials, transports, retries and manifests; it must not know where a
// plan comes from, how it is printed, or Kubernetes.
//
// A run reads the manifest trees of all images at once. Each blob is then moved once, to
// one repository of the target, and mounted into the others. An image is committed as
// soon as its blobs are there, children first and the tag last.
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
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/transfer/archives"
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
	wire      *wire
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
	r.wire = &wire{inner: r.base}
	r.transport = transport.NewUserAgent(&pings{inner: r.wire, plain: r.mayBePlain}, cfg.UserAgent)
	return r
}

// Close closes the connections that are idle.
func (r *Registries) Close() { r.base.CloseIdleConnections() }

// Options say how a plan is carried out.
type Options struct {
	// Jobs is a measure of how much happens at once: twice as many large blobs, and four
	// times as many small requests, for each registry. It is 8 if it is not positive.
	Jobs int

	// Platforms are the platforms of multi-platform images to copy; none means all,
	// and only then does the digest of an index stay what it is. An image that is
	// not an index is copied whatever its platform, as skopeo and crane do.
	Platforms []v1.Platform

	From *archives.Archive // where the sources are, nil for registries
	Into *archives.Archive // where the targets go, nil for registries

	Since *archives.Archive // what Into need not hold, because this archive does

	Repair bool // look at every part of an image, even if its digest is what it should be

	NoReferrers bool // leave signatures and what else hangs on an image

	// AllowDigestChange lets Platforms change the digest of an image that is referred to
	// by digest.
	AllowDigestChange bool

	Observer Observer // nil: nobody
}

// Observer is told what happens. Calls come from several goroutines, and the copy
// waits for them.
type Observer interface {
	// Started is called before the first request for an image, and not for one that is
	// never tried.
	Started(c images.Copy)
	// Planned is called when it is known that a blob of this size has to get to the
	// target, once for each blob.
	Planned(bytes int64)
	// Saved is called for what was planned and need not be uploaded any more, because it
	// was there, or because it failed.
	Saved(bytes int64)
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
func (nobody) Planned(int64)                              {}
func (nobody) Saved(int64)                                {}
func (nobody) Transferred(images.Copy, int64)             {}
func (nobody) Waiting(images.Copy, string, time.Duration) {}
func (nobody) Finished(images.Result)                     {}
