// Package servertest runs registries for tests: with TLS, passwords, tokens and failures.
// It must not know the client under test.
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

// The kinds of registries that the plugin must support.
const (
	Plain = "plain"
	TLS   = "TLS with its own CA"
	Basic = "basic authentication"
	Token = "token authentication"
	apart = "token authentication on another port"
)

// Kinds returns all kinds.
func Kinds() []string { return []string{Plain, TLS, Basic, Token, apart} }

// Server is an in-memory registry that records requests.
type Server struct {
	Registry

	Mu       sync.Mutex
	requests []string // authorized requests, such as "HEAD /v2/…"
	asks     []string // all requests
	fault    func(w http.ResponseWriter, r *http.Request) (handled bool)
}

// New starts an in-memory registry of a kind.
func New(t testing.TB, kind string) *Server {
	t.Helper()
	memory := registry.New(registry.Logger(silent()), registry.WithReferrersSupport(true))
	// The client of the tests bypasses login and recording.
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

// silent returns a logger that discards the messages of servers about broken connections.
func silent() *log.Logger { return log.New(io.Discard, "", 0) } //nolint:forbidigo // net/http takes no other

// Watch records the requests to a handler.
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

// Asked returns how often the server received a request, authorized or not. "" means any
// request.
func (s *Server) Asked(request string) int {
	s.Mu.Lock()
	defer s.Mu.Unlock()
	return len(slices.DeleteFunc(slices.Clone(s.asks), func(r string) bool { return request != "" && r != request }))
}

// Fail sets a function that may answer a request instead of the registry; it returns true
// if it has answered.
func (s *Server) Fail(fault func(w http.ResponseWriter, r *http.Request) bool) {
	s.Mu.Lock()
	defer s.Mu.Unlock()
	s.fault = fault
}

// Take returns the authorized requests since the last call, without those for /v2/.
func (s *Server) Take() []string {
	s.Mu.Lock()
	defer s.Mu.Unlock()
	taken := slices.DeleteFunc(s.requests, func(r string) bool { return r == "GET /v2/" })
	s.requests = nil
	return taken
}

// WithPrefix returns the requests with a prefix.
func WithPrefix(requests []string, prefix string) []string {
	return slices.DeleteFunc(slices.Clone(requests), func(r string) bool { return !strings.HasPrefix(r, prefix) })
}

// The login for basic and token authentication.
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

// serveToken answers with a token for the requested scope.
func serveToken(w http.ResponseWriter, r *http.Request) {
	if u, p, _ := r.BasicAuth(); u != User || p != Password || r.URL.Path != "/token" {
		http.Error(w, `{"details":"incorrect username or password"}`, http.StatusUnauthorized)
		return
	}
	fmt.Fprintf(w, `{"token":%q}`, r.URL.Query().Get("scope"))
}

// withToken requires a token. tokens is the address of the token server; "" means this
// server.
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

// inside sends requests to a handler, whatever their host.
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

// Limited returns a handler that serves at most limit requests at the same time, and
// answers others with 429.
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
