// Package servertest runs registries for tests as they are met: with TLS, passwords, tokens,
// and failure. It must not know how they are spoken to.
package servertest

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

	"github.com/google/go-containerregistry/pkg/registry"
)

// The kinds of registries that everything must work with.
const (
	Plain = "plain"
	TLS   = "TLS with its own CA"
	Basic = "basic authentication"
	Token = "token authentication"
	apart = "token authentication on another port"
)

// Kinds are all of them.
func Kinds() []string { return []string{Plain, TLS, Basic, Token, apart} }

// Server is a registry in memory that remembers what it was asked.
type Server struct {
	Registry

	Mu       sync.Mutex
	requests []string // "HEAD /v2/…", those that were let in
	asks     []string // all
	fault    func(w http.ResponseWriter, r *http.Request) (handled bool)
}

// New returns a registry of a kind in memory.
func New(t testing.TB, kind string) *Server {
	t.Helper()
	memory := registry.New(registry.Logger(silent()), registry.WithReferrersSupport(true))
	// The client of the tests goes around passwords, and around what is remembered.
	s := &Server{Registry: Registry{Kind: kind, User: User, Password: Password, client: inside{memory}}}
	handler := s.Watch(memory)
	switch kind {
	case Basic:
		handler = withBasic(handler)
	case Token:
		handler = withToken("", handler)
	case apart:
		tokens := httptest.NewServer(http.HandlerFunc(serveToken))
		t.Cleanup(tokens.Close)
		handler = withToken(tokens.URL, handler)
	}
	handler = s.count(handler)
	start := httptest.NewServer
	if kind == TLS {
		start = httptest.NewTLSServer
	}
	srv := start(handler)
	srv.Config.ErrorLog = silent()
	t.Cleanup(srv.Close)
	_, s.Host, _ = strings.Cut(srv.URL, "://")
	if kind == TLS {
		s.Cas = x509.NewCertPool()
		s.Cas.AddCert(srv.Certificate())
	}
	return s
}

// silent is for what servers have to say about broken connections.
func silent() *log.Logger { return log.New(io.Discard, "", 0) } //nolint:forbidigo // net/http takes no other

// Watch remembers the requests to a handler.
func (s *Server) Watch(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.Mu.Lock()
		s.requests = append(s.requests, r.Method+" "+r.URL.Path)
		fault := s.fault
		s.Mu.Unlock()
		if fault != nil && fault(w, r) {
			return
		}
		next.ServeHTTP(w, r)
	})
}

func (s *Server) count(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.Mu.Lock()
		s.asks = append(s.asks, r.Method+" "+r.URL.Path)
		s.Mu.Unlock()
		next.ServeHTTP(w, r)
	})
}

// Asked is how often the server was asked for something, of anything if that is empty,
// whether it let that in or not.
func (s *Server) Asked(request string) int {
	s.Mu.Lock()
	defer s.Mu.Unlock()
	return len(slices.DeleteFunc(slices.Clone(s.asks), func(r string) bool { return request != "" && r != request }))
}

// Fail answers requests in another way, where the function says that it did.
func (s *Server) Fail(fault func(w http.ResponseWriter, r *http.Request) bool) {
	s.Mu.Lock()
	defer s.Mu.Unlock()
	s.fault = fault
}

// Take returns the requests since the last call, without those for /v2/.
func (s *Server) Take() []string {
	s.Mu.Lock()
	defer s.Mu.Unlock()
	taken := slices.DeleteFunc(s.requests, func(r string) bool { return r == "GET /v2/" })
	s.requests = nil
	return taken
}

// WithPrefix are the requests with a prefix.
func WithPrefix(requests []string, prefix string) []string {
	return slices.DeleteFunc(slices.Clone(requests), func(r string) bool { return !strings.HasPrefix(r, prefix) })
}

// What basic and token authentication want.
const (
	User     = "robot"
	Password = "s3cret"
)

func withBasic(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if u, p, _ := r.BasicAuth(); u != User || p != Password {
			w.Header().Set("WWW-Authenticate", `Basic realm="test"`)
			http.Error(w, `{"errors":[{"code":"UNAUTHORIZED","message":"authentication required"}]}`, http.StatusUnauthorized)
			return
		}
		next.ServeHTTP(w, r)
	})
}

// serveToken answers with a token that is good for the scope that was asked for.
func serveToken(w http.ResponseWriter, r *http.Request) {
	if u, p, _ := r.BasicAuth(); u != User || p != Password || r.URL.Path != "/token" {
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

// inside sends requests to a handler, whatever their host is.
type inside struct{ handler http.Handler }

// RoundTrip implements http.RoundTripper.
func (i inside) RoundTrip(req *http.Request) (*http.Response, error) {
	answer := httptest.NewRecorder()
	if req.Body == nil {
		req = req.Clone(req.Context())
		req.Body = http.NoBody
	}
	i.handler.ServeHTTP(answer, req)
	resp := answer.Result()
	resp.Request = req
	return resp, nil
}

// Limited is the server for no more requests at once than max: others get 429.
func (s *Server) Limited(limit int32, busy, refusals *atomic.Int32) http.Handler {
	target := &url.URL{Scheme: "http", Host: s.Host}
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
