package fetch_test

import (
	"encoding/base64"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-containerregistry/pkg/authn"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/fetch"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/registry"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/registry/credentials"
)

// listener is a registry that requires a password, and records the passwords that it
// receives.
type listener struct {
	mu  sync.Mutex
	got []string
}

func (l *listener) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.Method == http.MethodConnect {
		w.WriteHeader(http.StatusBadGateway) // the server has no TLS
		return
	}
	if user, password, ok := r.BasicAuth(); ok {
		l.mu.Lock()
		l.got = append(l.got, user+":"+password)
		l.mu.Unlock()
	}
	w.Header().Set("WWW-Authenticate", "Basic")
	w.WriteHeader(http.StatusUnauthorized)
}

// passwords returns the passwords since the last call.
func (l *listener) passwords() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	got := strings.Join(l.got, " ")
	l.got = nil
	return got
}

// TestMain sets a proxy that answers requests to all hosts except this machine.
func TestMain(m *testing.M) {
	elsewhere := &listener{}
	proxy := httptest.NewServer(elsewhere)
	for _, name := range []string{"HTTP_PROXY", "HTTPS_PROXY"} {
		if err := os.Setenv(name, proxy.URL); err != nil {
			panic(err)
		}
	}
	asElsewhere = elsewhere.passwords
	code := m.Run()
	proxy.Close()
	os.Exit(code)
}

var asElsewhere func() string // only TestMain can set a proxy, which net/http asks for once

// TestCredentialsAreWithheld checks that no credentials, neither the user's nor the
// object's, are sent if an object in the cluster asks for plain HTTP or unverified TLS.
func TestCredentialsAreWithheld(t *testing.T) {
	unverified := &listener{}
	tls := httptest.NewTLSServer(unverified)
	t.Cleanup(tls.Close)
	tlsHost := strings.TrimPrefix(tls.URL, "https://")
	for name, test := range map[string]struct {
		host   string
		user   registry.Config
		object registry.Access
		want   string // the password that is sent
		says   string
	}{
		"plain HTTP":             {"charts.example.com", registry.Config{}, registry.Access{PlainHTTP: true}, "", "name the host in --plain-http"},
		"plain HTTP, own":        {"charts.example.com", registry.Config{}, registry.Access{PlainHTTP: true, Username: "o", Password: "p"}, "", "no credentials were sent to charts.example.com"},
		"plain HTTP, own file":   {"charts.example.com", registry.Config{}, registry.Access{PlainHTTP: true, Config: dockerConfig("charts.example.com")}, "", "no credentials"},
		"plain HTTP of the user": {"charts.example.com", registry.Config{PlainHTTP: []string{"charts.example.com"}}, registry.Access{PlainHTTP: true}, "user:secret", "401"},
		"plain HTTP of the user, own": {
			"charts.example.com", registry.Config{PlainHTTP: []string{"charts.example.com"}}, registry.Access{PlainHTTP: true, Username: "o", Password: "p"}, "o:p", "401",
		},
		"any TLS":             {tlsHost, registry.Config{}, registry.Access{Insecure: true}, "", "name the host in --plain-http or --insecure"},
		"any TLS, own":        {tlsHost, registry.Config{}, registry.Access{Insecure: true, Username: "o", Password: "p"}, "", "no credentials"},
		"any TLS of the user": {tlsHost, registry.Config{Insecure: []string{tlsHost}}, registry.Access{Insecure: true}, "user:secret", "401"},
	} {
		t.Run(name, func(t *testing.T) {
			keychain, err := credentials.Read(dockerConfig(test.host), "the user's file")
			if err != nil {
				t.Fatal(err)
			}
			test.user.Keychain = authn.NewMultiKeychain(keychain)
			ref := images.Ref{Registry: test.host, Repository: "charts/web", Tag: "1.0.0"}
			_, err = fetch.NewReader(registry.New(test.user)).Chart(t.Context(), ref, test.object)
			if err == nil || !strings.Contains(err.Error(), test.says) {
				t.Errorf("%v, want %s", err, test.says)
			}
			got := strings.Fields(asElsewhere() + " " + unverified.passwords())
			if len(got) > 0 != (test.want != "") || len(got) > 0 && got[0] != test.want {
				t.Errorf("sent: %q, want %q", got, test.want)
			}
		})
	}
}

// dockerConfig has a password for a host.
func dockerConfig(host string) []byte {
	return fmt.Appendf(nil, `{"auths": {%q: {"auth": %q}}}`, host, base64.StdEncoding.EncodeToString([]byte("user:secret")))
}
