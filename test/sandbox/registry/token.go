package registry

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/subtle"
	"encoding/json"
	"log"
	"net/http"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/distribution/distribution/v3/registry/auth/token"
	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"
)

const (
	issuerName    = "sandbox"
	keyID         = "sandbox"
	tokenLifetime = 5 * time.Minute
)

// Issuer is a token server: it signs a token for exactly those of the requested scopes that the caller may use. The one
// user may do everything; a caller without credentials gets a token that allows nothing; wrong credentials are a 401.
type Issuer struct {
	service, username, password string

	key    *ecdsa.PrivateKey
	signer jose.Signer
}

// NewIssuer makes a token server for one registry (its service name) and one user.
func NewIssuer(service, username, password string) (*Issuer, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	signingKey := jose.SigningKey{Algorithm: jose.ES256, Key: jose.JSONWebKey{Key: key, KeyID: keyID}}
	signer, err := jose.NewSigner(signingKey, (&jose.SignerOptions{}).WithType("JWT"))
	if err != nil {
		return nil, err
	}

	return &Issuer{service: service, username: username, password: password, key: key, signer: signer}, nil
}

// WriteKeys writes the public key, as a JSON Web Key Set, for the registry to verify tokens with.
func (i *Issuer) WriteKeys(path string) error {
	set := jose.JSONWebKeySet{Keys: []jose.JSONWebKey{
		{Key: i.key.Public(), KeyID: keyID, Algorithm: string(jose.ES256), Use: "sig"},
	}}
	data, err := json.Marshal(set)
	if err != nil {
		return err
	}

	return os.WriteFile(path, data, 0o600)
}

// ServeHTTP answers GET /token?service=…&scope=…; scope may be repeated, and hold several scopes.
func (i *Issuer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	query := r.URL.Query()
	switch {
	case r.URL.Path != "/token":
		http.NotFound(w, r)
		return
	case r.Method != http.MethodGet:
		w.Header().Set("Allow", http.MethodGet)
		http.Error(w, "only GET is supported", http.StatusMethodNotAllowed)
		return
	case query.Get("service") != i.service:
		http.Error(w, "unknown service", http.StatusBadRequest)
		return
	}

	username, password, given := r.BasicAuth()
	if given && !i.knows(username, password) {
		w.Header().Set("WWW-Authenticate", `Basic realm="sandbox"`)
		http.Error(w, "wrong user name or password", http.StatusUnauthorized)
		return
	}

	access := []*token.ResourceActions{}
	if given {
		access = grant(query["scope"])
	}
	signed, err := i.sign(username, access, time.Now())
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	i.respond(w, signed)
}

func (i *Issuer) knows(username, password string) bool {
	name := subtle.ConstantTimeCompare([]byte(username), []byte(i.username))
	secret := subtle.ConstantTimeCompare([]byte(password), []byte(i.password))

	return name&secret == 1
}

func (i *Issuer) sign(subject string, access []*token.ResourceActions, now time.Time) (string, error) {
	return jwt.Signed(i.signer).Claims(token.ClaimSet{
		Issuer:     issuerName,
		Subject:    subject,
		Audience:   token.AudienceList{i.service},
		Expiration: now.Add(tokenLifetime).Unix(),
		NotBefore:  now.Add(-time.Minute).Unix(),
		IssuedAt:   now.Unix(),
		JWTID:      rand.Text(),
		Access:     access,
	}).Serialize()
}

func (i *Issuer) respond(w http.ResponseWriter, signed string) {
	w.Header().Set("Content-Type", "application/json")
	err := json.NewEncoder(w).Encode(map[string]any{
		"token": signed, "access_token": signed, "expires_in": int(tokenLifetime.Seconds()),
	})
	if err != nil {
		log.Printf("token server: %v", err)
	}
}

// grant returns what the user gets of the requested scopes: all known actions on repositories and the catalog, and
// nothing for a scope that is not understood.
func grant(scopes []string) []*token.ResourceActions {
	allowed := map[string][]string{
		"repository": {"pull", "push", "delete"},
		"registry":   {"*"},
	}

	access := []*token.ResourceActions{}
	for _, scope := range strings.Fields(strings.Join(scopes, " ")) {
		kind, rest, _ := strings.Cut(scope, ":")
		split := strings.LastIndex(rest, ":") // a name may hold the port of a host
		if split < 1 {
			continue
		}
		actions := slices.DeleteFunc(strings.Split(rest[split+1:], ","), func(action string) bool {
			return !slices.Contains(allowed[kind], action)
		})
		if len(actions) > 0 {
			access = append(access, &token.ResourceActions{Type: kind, Name: rest[:split], Actions: actions})
		}
	}

	return access
}
