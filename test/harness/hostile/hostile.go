// Package hostile is a registry and chart repository that attacks its clients, and records
// the requests that it receives. It must not know its clients.
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

// Escapes is text that, on a terminal, deletes the line above, sets the title, fills the
// clipboard, returns to the start of the line, and reverses the direction of the text.
const Escapes = "\x1b[1A\x1b[2K\x1b]0;title\a\x1b]52;c;cm0=\x1b\\\rverified\u202e\u009b31m"

// Received is the path of the recorded requests, on the server that recorded them.
const Received = "/received"

// Server is a set of servers on loopback addresses. The first part of the path (of the
// repository, or of the chart repository below /charts) selects the answers of the first
// two servers.
type Server struct {
	plain     *httptest.Server
	tls       *httptest.Server
	elsewhere *httptest.Server // to which the others redirect
	token     *httptest.Server // a registry with a token server that returns no token

	registry registry
	charts   charts
	done     chan struct{} // closed at the end, for endless answers

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

// Hosts returns hosts and ports of the servers, by the name of their variable in scripts.
func (s *Server) Hosts() map[string]string {
	hosts := map[string]string{}
	for name, server := range map[string]*httptest.Server{
		"HOSTILE": s.plain, "HOSTILE_TLS": s.tls, "HOSTILE_TOKEN": s.token, "ELSEWHERE": s.elsewhere,
	} {
		_, hosts[name], _ = strings.Cut(server.URL, "://")
	}
	return hosts
}

// CA returns the certificate of the TLS server as PEM.
func (s *Server) CA() []byte {
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: s.tls.Certificate().Raw})
}

// noting records requests before they are served, one line each, with their credentials:
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

// readable decodes user and password of Basic credentials.
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

// serveToken answers without a token.
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
	_, _ = w.Write(s.received.Bytes()) // the client may have closed the connection
}

// serveElsewhere accepts every request, and asks for credentials.
func (s *Server) serveElsewhere(w http.ResponseWriter, r *http.Request) {
	switch {
	case r.Header.Get("Authorization") == "" && r.Method != http.MethodDelete:
		w.Header().Set("WWW-Authenticate", `Basic realm="elsewhere"`)
		w.WriteHeader(http.StatusUnauthorized)
	default:
		w.WriteHeader(http.StatusNoContent)
	}
}
