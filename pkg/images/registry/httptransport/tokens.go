package httptransport

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"strings"
	"sync"

	"github.com/google/go-containerregistry/pkg/v1/remote/transport"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/bounded"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/failure"
)

// maxToken is the maximum size of a token server's answer, in bytes.
const maxToken = 64 << 10

// tokens checks the answers of token servers. go-containerregistry quotes a failed answer,
// and one without a token, in its error. The answer may contain a valid token.
type tokens struct {
	inner  http.RoundTripper
	realms sync.Map // addresses of token servers, from challenges
}

// NewTokens returns a transport that rejects answers of token servers without a token. Of
// failed answers, errors in the form of the distribution specification are left.
func NewTokens(inner http.RoundTripper) http.RoundTripper { return &tokens{inner: inner} }

// RoundTrip implements http.RoundTripper.
func (t *tokens) RoundTrip(req *http.Request) (*http.Response, error) {
	resp, err := t.inner.RoundTrip(req)
	if err != nil {
		return nil, err
	}
	if resp.StatusCode == http.StatusUnauthorized {
		t.remember(resp.Header)
	}
	if !t.serves(req) {
		return resp, nil
	}
	defer resp.Body.Close()
	data, err := bounded.ReadAll(resp.Body, maxToken)
	switch {
	case err != nil:
		return nil, err
	case resp.StatusCode != http.StatusOK:
		if !hasErrors(data) {
			data = nil
		}
	case !hasToken(data):
		return nil, &failure.RejectedError{
			As: images.ClassAuth, Msg: "the token server " + req.URL.Host + " answered without a token",
			Advice: "ask the registry's administrator to check the token server",
		}
	}
	resp.Body = io.NopCloser(bytes.NewReader(data))
	return resp, nil
}

// remember records the token server of a challenge.
func (t *tokens) remember(header http.Header) {
	for _, text := range header.Values("WWW-Authenticate") {
		if realm, err := url.Parse(parseChallenge(text).parameters["realm"]); err == nil {
			t.realms.Store(placeOf(realm), true)
		}
	}
}

// serves reports whether a request goes to a token server, or follows a redirect of one.
func (t *tokens) serves(req *http.Request) bool {
	for at := req; at != nil; at = at.Response.Request {
		if _, ok := t.realms.Load(placeOf(at.URL)); ok {
			return true
		}
		if at.Response == nil {
			break
		}
	}
	return false
}

// placeOf returns a URL without its query, and without its scheme, because the scheme may
// be that of the registry.
func placeOf(u *url.URL) string { return strings.TrimSuffix(u.Host, ":") + u.Path }

// hasToken reports whether data is the answer of a token server (docker's token
// specification, and its OAuth2 variant).
func hasToken(data []byte) bool {
	var answer struct {
		Token       string `json:"token"`
		AccessToken string `json:"access_token"`
	}
	return json.Unmarshal(data, &answer) == nil && answer.Token+answer.AccessToken != ""
}

// hasErrors reports whether data is a list of errors as the distribution specification has it.
// go-containerregistry quotes these errors, and nothing else of such an answer.
func hasErrors(data []byte) bool {
	var answer transport.Error
	return json.Unmarshal(data, &answer) == nil && len(answer.Errors) > 0
}
