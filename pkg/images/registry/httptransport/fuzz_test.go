package httptransport_test

import (
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-containerregistry/pkg/authn"
	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/v1/remote/transport"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/registry/httptransport"
)

// challenging is a registry that asks for a login. It answers all other requests with a
// secret instead of a token.
type challenging struct{ header string }

// RoundTrip implements http.RoundTripper.
func (c challenging) RoundTrip(req *http.Request) (*http.Response, error) {
	resp := &http.Response{StatusCode: http.StatusOK, Request: req, Header: http.Header{}, Body: io.NopCloser(strings.NewReader(`{"refresh_token":"s3cret","accessToken":"s3cret"}`))}
	if req.URL.Path == "/v2/" {
		resp.StatusCode = http.StatusUnauthorized
		resp.Header["Www-Authenticate"] = []string{c.header}
	}
	return resp, nil
}

// FuzzChallenge logs in with any challenge, and checks that no answer of a token server is
// quoted.
func FuzzChallenge(f *testing.F) {
	f.Fuzz(func(t *testing.T, registry, header string) {
		at, err := name.NewRegistry(registry)
		if err != nil {
			return
		}
		through := httptransport.NewPings(httptransport.NewTokens(challenging{header}), func(string) bool { return false })
		repo := at.Repo("team", "app")
		_, err = transport.NewWithContext(t.Context(), at, authn.Anonymous, through, []string{repo.Scope(transport.PullScope)})
		if err != nil && strings.Contains(err.Error(), "s3cret") {
			t.Errorf("%q of %s: %v", header, registry, err)
		}
	})
}
