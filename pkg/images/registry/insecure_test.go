package registry_test

import (
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/failure"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/registry"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/registry/credentials"
)

// tokenServer is a server with an untrusted certificate that records the passwords in its
// requests.
type tokenServer struct {
	*httptest.Server
	mu  sync.Mutex
	got []string
}

func newTokenServer(t *testing.T) *tokenServer {
	s := &tokenServer{}
	s.Server = httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, password, _ := r.BasicAuth()
		s.mu.Lock()
		defer s.mu.Unlock()
		s.got = append(s.got, password)
		fmt.Fprint(w, `{"token":"t"}`)
	}))
	s.Config.ErrorLog = log.New(io.Discard, "", 0)
	t.Cleanup(s.Close)
	return s
}

// TestInsecureHosts checks that certificates are not verified only for named hosts, and for
// token servers with the same host name.
func TestInsecureHosts(t *testing.T) {
	tokens := newTokenServer(t)
	serving := func(realm string) string {
		srv := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.Header.Get("Authorization") == "" {
				w.Header().Set("WWW-Authenticate", `Bearer realm="`+realm+`/token",service="s"`)
				w.WriteHeader(http.StatusUnauthorized)
				return
			}
			w.Header().Set("Docker-Content-Digest", someDigest)
		}))
		srv.Config.ErrorLog = log.New(io.Discard, "", 0)
		t.Cleanup(srv.Close)
		return strings.TrimPrefix(srv.URL, "https://")
	}
	elsewhere := strings.Replace(tokens.URL, "127.0.0.1", "localhost", 1)
	for name, tt := range map[string]struct {
		realm string
		named func(host string) []string
		want  images.Class // "": success
	}{
		"nobody":                        {tokens.URL, func(string) []string { return nil }, images.ClassTLS},
		"somebody else":                 {tokens.URL, func(string) []string { return []string{"registry.example.com", "127.0.0.1", "localhost"} }, images.ClassTLS},
		"its token server only":         {tokens.URL, func(string) []string { return []string{strings.TrimPrefix(tokens.URL, "https://")} }, images.ClassTLS},
		"it, with tokens at its name":   {tokens.URL, func(host string) []string { return []string{host} }, ""},
		"it, with tokens elsewhere":     {elsewhere, func(host string) []string { return []string{host} }, images.ClassTLS},
		"both, with tokens elsewhere":   {elsewhere, func(host string) []string { return []string{host, strings.TrimPrefix(elsewhere, "https://")} }, ""},
		"it, with tokens over the wire": {"http://registry.example.com", func(host string) []string { return []string{host} }, "any"},
	} {
		t.Run(name, func(t *testing.T) {
			tokens.got = nil
			host := serving(tt.realm)
			r := registry.New(registry.Config{Insecure: tt.named(host), Keychain: credentials.Login(host, "u", "s3cret"), Retry: once()})
			t.Cleanup(r.Close)
			_, err := r.Digest(t.Context(), images.Ref{Registry: host, Repository: "team/app", Tag: "v1"})
			if got := failure.Classify(err); (got != tt.want && tt.want != "any") || (err == nil) != (tt.want == "") {
				t.Errorf("%q, %v", got, err)
			}
			if sent := strings.Join(tokens.got, " "); (sent == "s3cret") != (tt.want == "") {
				t.Errorf("the token server got %q", sent)
			}
		})
	}
}

func TestIsNamed(t *testing.T) {
	hosts := []string{"registry.lan:5000", "quay.io", "b.example.com:443"}
	for host, want := range map[string]bool{
		"registry.lan:5000": true, "registry.lan": false, "registry.lan:5001": false, "quay.io": true, "quay.io:443": true, "QUAY.io": true,
		"b.example.com": true, "a.quay.io": false, "": false,
	} {
		if got := registry.IsNamed(hosts, host); got != want {
			t.Errorf("%s: %t", host, got)
		}
	}
}
