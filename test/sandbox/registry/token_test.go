package registry

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"testing"

	"github.com/distribution/distribution/v3/registry/auth/token"
	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"
)

func TestIssuerGrantsWhatWasAskedFor(t *testing.T) {
	for name, test := range map[string]struct {
		scopes []string
		want   string
	}{
		"no scope":           {nil, `[]`},
		"one repository":     {[]string{"repository:a/b:pull"}, `[{"type":"repository","name":"a/b","actions":["pull"]}]`},
		"an unknown action":  {[]string{"repository:a/b:pull,own"}, `[{"type":"repository","name":"a/b","actions":["pull"]}]`},
		"no known action":    {[]string{"repository:a/b:own"}, `[]`},
		"an unknown type":    {[]string{"planet:earth:pull"}, `[]`},
		"the catalog":        {[]string{"registry:catalog:*"}, `[{"type":"registry","name":"catalog","actions":["*"]}]`},
		"a name with a port": {[]string{"repository:host:5000/a:pull"}, `[{"type":"repository","name":"host:5000/a","actions":["pull"]}]`},
		"not a scope":        {[]string{"repository"}, `[]`},
		"repeated": {
			[]string{"repository:a:pull,push", "repository:b:pull"},
			`[{"type":"repository","name":"a","actions":["pull","push"]},{"type":"repository","name":"b","actions":["pull"]}]`,
		},
		"several in one": {
			[]string{"repository:a:delete repository:b:pull"},
			`[{"type":"repository","name":"a","actions":["delete"]},{"type":"repository","name":"b","actions":["pull"]}]`,
		},
	} {
		t.Run(name, func(t *testing.T) {
			issuer := newIssuer(t)
			response := ask(issuer, "registry", "user", "right", test.scopes...)
			if got := access(t, issuer, response); got != test.want {
				t.Errorf("access %s, want %s", got, test.want)
			}
		})
	}
}

func TestIssuerRefuses(t *testing.T) {
	issuer := newIssuer(t)
	const scope = "repository:a:pull"
	if got := ask(issuer, "registry", "user", "wrong", scope); got.Code != http.StatusUnauthorized || got.Header().Get("WWW-Authenticate") == "" {
		t.Errorf("wrong password: %d %v", got.Code, got.Header())
	}
	if got := ask(issuer, "other", "user", "right", scope); got.Code != http.StatusBadRequest {
		t.Errorf("another service: %d", got.Code)
	}
	if got := access(t, issuer, ask(issuer, "registry", "", "", scope)); got != "[]" {
		t.Errorf("no credentials: access %s", got)
	}

	post := httptest.NewRecorder()
	issuer.ServeHTTP(post, httptest.NewRequest(http.MethodPost, "/token", nil))
	if post.Code != http.StatusMethodNotAllowed {
		t.Errorf("POST: %d", post.Code)
	}
}

func newIssuer(t *testing.T) *Issuer {
	t.Helper()
	issuer, err := NewIssuer("registry", "user", "right")
	if err != nil {
		t.Fatal(err)
	}

	return issuer
}

func ask(issuer *Issuer, service, username, password string, scopes ...string) *httptest.ResponseRecorder {
	query := url.Values{"service": {service}, "scope": scopes}
	request := httptest.NewRequest(http.MethodGet, "/token?"+query.Encode(), nil)
	if username != "" {
		request.SetBasicAuth(username, password)
	}
	recorder := httptest.NewRecorder()
	issuer.ServeHTTP(recorder, request)

	return recorder
}

// access verifies the token in the response and returns what it allows.
func access(t *testing.T, issuer *Issuer, response *httptest.ResponseRecorder) string {
	t.Helper()
	if response.Code != http.StatusOK {
		t.Fatalf("status %d: %s", response.Code, response.Body)
	}
	var body struct{ Token string }
	if err := json.Unmarshal(response.Body.Bytes(), &body); err != nil {
		t.Fatal(err)
	}
	parsed, err := jwt.ParseSigned(body.Token, []jose.SignatureAlgorithm{jose.ES256})
	if err != nil {
		t.Fatal(err)
	}
	var claims token.ClaimSet
	if err := parsed.Claims(issuer.key.Public(), &claims); err != nil {
		t.Fatal(err)
	}
	got, err := json.Marshal(claims.Access)
	if err != nil {
		t.Fatal(err)
	}

	return string(got)
}
