package httptransport

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"strings"
	"sync"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/bounded"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/failure"
)

// maxToken is the largest answer of a token server that is read, in bytes.
const maxToken = 64 << 10

// tokens looks at what token servers answer: go-containerregistry quotes an answer without a
// token in its error, and it may well have one that lets somebody in, under another name.
type tokens struct {
	inner  http.RoundTripper
	realms sync.Map // the addresses of token servers that were named in challenges
}

// NewTokens returns a transport that lets no answer of a token server pass that has no token.
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
	if resp.StatusCode != http.StatusOK || !t.serves(req) {
		return resp, nil
	}
	defer resp.Body.Close()
	data, err := bounded.ReadAll(resp.Body, maxToken)
	if err != nil {
		return nil, err
	}
	if !hasToken(data) {
		return nil, &failure.RejectedError{
			As: images.ClassAuth, Msg: "the token server " + req.URL.Host + " answered without a token",
			Advice: "ask the registry's administrator to look at its token server",
		}
	}
	resp.Body = io.NopCloser(bytes.NewReader(data))
	return resp, nil
}

// remember notes where tokens are.
func (t *tokens) remember(header http.Header) {
	for _, text := range header.Values("WWW-Authenticate") {
		if realm, err := url.Parse(parseChallenge(text).parameters["realm"]); err == nil {
			t.realms.Store(placeOf(realm), true)
		}
	}
}

// serves tells whether a request is one to a token server, or was redirected by one.
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

// placeOf is an address without its scheme, which may be that of the registry, and its query.
func placeOf(u *url.URL) string { return strings.TrimSuffix(u.Host, ":") + u.Path }

// hasToken tells whether an answer is one of a token server (docker's token specification,
// and its oauth2 form).
func hasToken(data []byte) bool {
	var answer struct {
		Token       string `json:"token"`
		AccessToken string `json:"access_token"`
	}
	return json.Unmarshal(data, &answer) == nil && answer.Token+answer.AccessToken != ""
}
