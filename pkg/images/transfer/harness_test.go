package transfer

import (
	"cmp"
	"crypto/x509"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-containerregistry/pkg/authn"
	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/registry"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/random"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/static"
	"github.com/google/go-containerregistry/pkg/v1/types"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images"
)

// The kinds of registries that everything must work with.
const (
	plain = "plain"
	tls13 = "TLS with its own CA"
	basic = "basic authentication"
	token = "token authentication"
	apart = "token authentication on another port"
)

func kinds() []string { return []string{plain, tls13, basic, token, apart} }

// server is a registry that remembers what it was asked.
type server struct {
	host string
	cas  *x509.CertPool

	mu       sync.Mutex
	requests []string // "HEAD /v2/…"
	fault    func(w http.ResponseWriter, r *http.Request) (handled bool)
}

func newServer(t *testing.T, kind string) *server {
	t.Helper()
	s := &server{}
	handler := s.watch(registry.New(registry.Logger(log.New(io.Discard, "", 0))))
	switch kind {
	case basic:
		handler = withBasic(handler)
	case token:
		handler = withToken("", handler)
	case apart:
		tokens := httptest.NewServer(http.HandlerFunc(serveToken))
		t.Cleanup(tokens.Close)
		handler = withToken(tokens.URL, handler)
	}
	start := httptest.NewServer
	if kind == tls13 {
		start = httptest.NewTLSServer
	}
	srv := start(handler)
	srv.Config.ErrorLog = log.New(io.Discard, "", 0)
	t.Cleanup(srv.Close)
	_, s.host, _ = strings.Cut(srv.URL, "://")
	s.cas = x509.NewCertPool()
	if kind == tls13 {
		s.cas.AddCert(srv.Certificate())
	}
	return s
}

func (s *server) watch(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.mu.Lock()
		s.requests = append(s.requests, r.Method+" "+r.URL.Path)
		fault := s.fault
		s.mu.Unlock()
		if fault != nil && fault(w, r) {
			return
		}
		next.ServeHTTP(w, r)
	})
}

func (s *server) fail(fault func(w http.ResponseWriter, r *http.Request) bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.fault = fault
}

// take returns the requests since the last call, without those for /v2/.
func (s *server) take() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	taken := slices.DeleteFunc(s.requests, func(r string) bool { return r == "GET /v2/" })
	s.requests = nil
	return taken
}

func withPrefix(requests []string, prefix string) []string {
	return slices.DeleteFunc(slices.Clone(requests), func(r string) bool { return !strings.HasPrefix(r, prefix) })
}

const (
	user     = "robot"
	password = "s3cret"
)

func withBasic(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if u, p, _ := r.BasicAuth(); u != user || p != password {
			w.Header().Set("WWW-Authenticate", `Basic realm="test"`)
			http.Error(w, `{"errors":[{"code":"UNAUTHORIZED","message":"authentication required"}]}`, http.StatusUnauthorized)
			return
		}
		next.ServeHTTP(w, r)
	})
}

// serveToken answers with a token that is good for the scope that was asked for.
func serveToken(w http.ResponseWriter, r *http.Request) {
	if u, p, _ := r.BasicAuth(); u != user || p != password || r.URL.Path != "/token" {
		http.Error(w, `{"details":"incorrect username or password"}`, http.StatusUnauthorized)
		return
	}
	fmt.Fprintf(w, `{"token":%q}`, r.URL.Query().Get("scope"))
}

// withToken wants tokens of the server at an address, of its own if that is empty.
func withToken(tokens string, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/token" {
			serveToken(w, r)
			return
		}
		if !allowed(strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer "), r) {
			w.Header().Set("WWW-Authenticate", fmt.Sprintf(`Bearer realm="%s/token",service="test"`, cmp.Or(tokens, "http://"+r.Host)))
			http.Error(w, `{"errors":[{"code":"UNAUTHORIZED","message":"authentication required"}]}`, http.StatusUnauthorized)
			return
		}
		next.ServeHTTP(w, r)
	})
}

func allowed(scope string, r *http.Request) bool {
	_, rest, _ := strings.Cut(scope, ":")
	repo, actions, _ := strings.Cut(rest, ":")
	if r.Method != http.MethodGet && r.Method != http.MethodHead && !strings.Contains(actions, "push") {
		return false
	}
	return repo != "" && strings.HasPrefix(r.URL.Path, "/v2/"+repo+"/")
}

// only has credentials for one host.
type only struct{ host, user, password string }

func (o only) Resolve(r authn.Resource) (authn.Authenticator, error) {
	if r.RegistryStr() != o.host {
		return authn.Anonymous, nil
	}
	return &authn.Basic{Username: o.user, Password: o.password}, nil
}

// login returns the configuration that reaches all servers.
func login(servers ...*server) Config {
	cfg := Config{CAs: x509.NewCertPool(), UserAgent: "test"}
	var chains []authn.Keychain
	for _, s := range servers {
		chains = append(chains, only{s.host, user, password})
		if s.cas != nil {
			cfg.CAs = s.cas // httptest has one certificate for all
		}
	}
	cfg.Keychain = authn.NewMultiKeychain(chains...)
	return cfg
}

// open returns registries that do not wait long between attempts.
func open(t *testing.T, cfg Config) *Registries {
	t.Helper()
	r := NewRegistries(cfg)
	r.retry.first = time.Millisecond
	t.Cleanup(r.Close)
	return r
}

// put writes an image or index to a server, and returns its digest.
func (s *server) put(t *testing.T, ref string, content remote.Taggable) string {
	t.Helper()
	r := open(t, login(s))
	parsed, err := name.ParseReference(s.host+"/"+ref, name.Insecure)
	if err != nil {
		t.Fatal(err)
	}
	err = remote.Push(parsed, content, remote.WithTransport(r.transport), remote.WithAuthFromKeychain(r.cfg.Keychain))
	if err != nil {
		t.Fatal(err)
	}
	digest, err := content.(interface{ Digest() (v1.Hash, error) }).Digest()
	if err != nil {
		t.Fatal(err)
	}
	s.take()
	return digest.String()
}

func newImage(t *testing.T, mt types.MediaType) v1.Image {
	t.Helper()
	img, err := random.Image(4096, 3)
	if err != nil {
		t.Fatal(err)
	}
	return mutate.MediaType(img, mt)
}

// newIndex returns an index of two platforms and more children.
func newIndex(t *testing.T, mt, child types.MediaType, more ...mutate.IndexAddendum) v1.ImageIndex {
	t.Helper()
	index := mutate.IndexMediaType(empty.Index, mt)
	for _, arch := range []string{"amd64", "arm64"} {
		more = append(more, mutate.IndexAddendum{
			Add:        newImage(t, child),
			Descriptor: v1.Descriptor{Platform: &v1.Platform{OS: "linux", Architecture: arch}},
		})
	}
	return mutate.AppendManifests(index, more...)
}

func newChart(t *testing.T) v1.Image {
	t.Helper()
	content := static.NewLayer([]byte("not really a chart"), "application/vnd.cncf.helm.chart.content.v1.tar+gzip")
	img, err := mutate.AppendLayers(mutate.MediaType(empty.Image, types.OCIManifestSchema1), content)
	if err != nil {
		t.Fatal(err)
	}
	return mutate.ConfigMediaType(img, "application/vnd.cncf.helm.config.v1+json")
}

// planOf plans to copy references of one server to another one.
func planOf(t *testing.T, from, to *server, refs ...string) images.Plan {
	t.Helper()
	var inv images.Collector
	for _, s := range refs {
		ref, err := images.ParseRef(from.host + "/" + s)
		if err != nil {
			t.Fatal(err)
		}
		inv.Add(images.Image{Ref: ref})
	}
	return images.NewPlan(inv.Inventory(), images.Target{Registry: to.host, Prefix: "mirror"})
}

// wantAll fails the test unless all results have the outcome.
func wantAll(t *testing.T, report images.Report, want images.Outcome) {
	t.Helper()
	for _, res := range report.Results {
		if res.Outcome != want {
			t.Errorf("%s: %s (%s %s), want %s", res.Source, res.Outcome, res.Class, res.Error, want)
		}
	}
}

func descriptor(mt types.MediaType) v1.Descriptor { return v1.Descriptor{MediaType: mt} }

// limited is the server for no more requests at once than max: others get 429.
func (s *server) limited(limit int32, busy, refusals *atomic.Int32) http.Handler {
	target := &url.URL{Scheme: "http", Host: s.host}
	proxy := httputil.NewSingleHostReverseProxy(target)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		defer busy.Add(-1)
		if busy.Add(1) > limit {
			refusals.Add(1)
			w.WriteHeader(http.StatusTooManyRequests)
			return
		}
		time.Sleep(time.Millisecond)
		proxy.ServeHTTP(w, r)
	})
}
