// Package hostile is a registry and chart repository that answers as an attacker would, and
// notes what reached it. It knows the protocols, and must not know who asks.
package hostile

import (
	"bytes"
	"encoding/base64"
	"encoding/pem"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
)

// Escapes deletes the line above on a terminal, sets its title, fills its clipboard, goes
// back to the beginning of the line, and turns the direction of the text around.
const Escapes = "\x1b[1A\x1b[2K\x1b]0;title\a\x1b]52;c;cm0=\x1b\\\rverified\u202e\u009b31m"

// Received is the path of what was noted, on the server that is asked.
const Received = "/received"

// Server is some servers on loopback. What the first two answer follows from the first part
// of the path: of the repository, or of the chart repository below /charts.
type Server struct {
	plain     *httptest.Server
	tls       *httptest.Server
	elsewhere *httptest.Server // where the others lead to
	token     *httptest.Server // a registry that asks for a login at itself, and gives no token

	registry registry
	charts   charts
	done     chan struct{} // closed at the end, for answers that do not end by themselves

	mu       sync.Mutex
	received bytes.Buffer
}

// Start starts the server.
func Start() (*Server, error) {
	s := &Server{done: make(chan struct{})}
	asked := http.NewServeMux()
	asked.Handle("/", s.noting("hostile", s.serve))
	asked.HandleFunc(Received, s.serveReceived)
	s.plain = httptest.NewServer(asked)
	s.elsewhere = httptest.NewServer(s.noting("elsewhere", s.serveElsewhere))
	s.tls = httptest.NewTLSServer(s.noting("tls", s.serve))
	s.token = httptest.NewServer(s.noting("token", s.serveToken))
	s.charts = charts{elsewhere: s.elsewhere.URL, done: s.done}
	registry, err := newRegistry(s.elsewhere.URL, s.done)
	if err != nil {
		s.Close()
		return nil, err
	}
	s.registry = registry
	return s, nil
}

// Close ends the servers.
func (s *Server) Close() {
	close(s.done)
	for _, server := range []*httptest.Server{s.plain, s.tls, s.elsewhere, s.token} {
		server.CloseClientConnections()
		server.Close()
	}
}

// Hosts are the hosts and ports of the servers, by the names of the variables that scripts
// have for them.
func (s *Server) Hosts() map[string]string {
	hosts := map[string]string{}
	for name, server := range map[string]*httptest.Server{
		"HOSTILE": s.plain, "HOSTILE_TLS": s.tls, "HOSTILE_TOKEN": s.token, "ELSEWHERE": s.elsewhere,
	} {
		_, hosts[name], _ = strings.Cut(server.URL, "://")
	}
	return hosts
}

// CA is the certificate of the server with TLS, as PEM.
func (s *Server) CA() []byte {
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: s.tls.Certificate().Raw})
}

// noting notes requests before they are served, each as a line with what it would let in:
//
//	elsewhere GET /v2/ credentials "Basic user:password"
func (s *Server) noting(name string, serve http.HandlerFunc) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		line := fmt.Sprintf("%s %s %s", name, r.Method, r.URL)
		if credentials := r.Header.Get("Authorization"); credentials != "" {
			line += fmt.Sprintf(" credentials %q", readable(credentials))
		}
		s.mu.Lock()
		s.received.WriteString(line + "\n")
		s.mu.Unlock()
		serve(w, r)
	})
}

// readable decodes the user and the password of Basic credentials.
func readable(credentials string) string {
	if encoded, ok := strings.CutPrefix(credentials, "Basic "); ok {
		if decoded, err := base64.StdEncoding.DecodeString(encoded); err == nil {
			return "Basic " + string(decoded)
		}
	}
	return credentials
}

func (s *Server) serve(w http.ResponseWriter, r *http.Request) {
	switch part, rest, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, "/"), "/"); part {
	case "v2":
		s.registry.serve(w, r, rest)
	case "charts":
		s.charts.serve(w, r, rest)
	default:
		http.NotFound(w, r)
	}
}

// serveToken issues something that is no token.
func (s *Server) serveToken(w http.ResponseWriter, r *http.Request) {
	if r.URL.Path != "/token" {
		w.Header().Set("WWW-Authenticate", fmt.Sprintf(`Bearer realm="%s/token",service="registry",scope="repository:a:pull"`, s.token.URL))
		w.WriteHeader(http.StatusUnauthorized)
		return
	}
	_, _ = io.WriteString(w, `{"refresh_token": "refreshed-secret", "accessToken": "access-secret"}`)
}

func (s *Server) serveReceived(w http.ResponseWriter, _ *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	_, _ = w.Write(s.received.Bytes()) // whoever goes away has no error to be told
}

// serveElsewhere takes everything, and asks for credentials.
func (s *Server) serveElsewhere(w http.ResponseWriter, r *http.Request) {
	switch {
	case r.Header.Get("Authorization") == "" && r.Method != http.MethodDelete:
		w.Header().Set("WWW-Authenticate", `Basic realm="elsewhere"`)
		w.WriteHeader(http.StatusUnauthorized)
	default:
		w.WriteHeader(http.StatusNoContent)
	}
}
