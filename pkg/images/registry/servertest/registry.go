package servertest

import (
	"crypto/tls"
	"crypto/x509"
	"net/http"
	"os"
	"testing"

	"github.com/google/go-containerregistry/pkg/authn"
	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/remote/transport"
)

// Registry is a registry with a client for tests. The client is go-containerregistry, so
// that test results do not depend on the tested code.
type Registry struct {
	Kind string // one of Kinds
	Host string
	Cas  *x509.CertPool // nil unless it has a CA of its own

	User, Password string // of an account with all permissions; empty if the registry has no login

	client http.RoundTripper
}

// At returns a registry that runs already. caFile is "" if the registry needs no CA of its
// own.
func At(t testing.TB, kind, host, caFile string, keychain authn.Keychain) *Registry {
	t.Helper()
	r := &Registry{Kind: kind, Host: host}
	at, err := name.NewRegistry(host)
	if err != nil {
		t.Fatal(err)
	}
	auth, err := authn.Resolve(t.Context(), keychain, at)
	if err != nil {
		t.Fatal(err)
	}
	account, err := authn.Authorization(t.Context(), auth)
	if err != nil {
		t.Fatal(err)
	}
	r.User, r.Password = account.Username, account.Password
	if caFile != "" {
		pem, err := os.ReadFile(caFile)
		if err != nil {
			t.Fatal(err)
		}
		r.Cas = x509.NewCertPool()
		if !r.Cas.AppendCertsFromPEM(pem) {
			t.Fatalf("no certificate in %s", caFile)
		}
	}
	client := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: r.Cas, MinVersion: tls.VersionTLS12}}
	t.Cleanup(client.CloseIdleConnections)
	r.client = client
	return r
}

// Put writes an image or index to the registry and returns its digest.
func (r *Registry) Put(t testing.TB, ref string, content remote.Taggable) string {
	t.Helper()
	if err := remote.Push(r.Reference(t, ref), content, r.Options()...); err != nil {
		t.Fatalf("putting %s: %v", ref, err)
	}
	digest, err := content.(interface{ Digest() (v1.Hash, error) }).Digest()
	if err != nil {
		t.Fatal(err)
	}
	return digest.String()
}

// Delete deletes a tag, or a manifest by its digest.
func (r *Registry) Delete(t testing.TB, ref string) {
	t.Helper()
	if err := remote.Delete(r.Reference(t, ref), r.Options()...); err != nil {
		t.Fatalf("deleting %s: %v", ref, err)
	}
}

// DeleteBlob deletes a blob from a repository.
func (r *Registry) DeleteBlob(t testing.TB, repository string, digest v1.Hash) {
	t.Helper()
	repo := r.Reference(t, repository).Context()
	through, err := transport.NewWithContext(t.Context(), repo.Registry, r.auth(), r.client, []string{repo.Scope(transport.DeleteScope)})
	if err != nil {
		t.Fatal(err)
	}
	scheme := "http"
	if r.Cas != nil {
		scheme = "https"
	}
	url := scheme + "://" + r.Host + "/v2/" + repository + "/blobs/" + digest.String()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodDelete, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := through.RoundTrip(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if err := transport.CheckError(resp, http.StatusAccepted); err != nil {
		t.Fatal(err)
	}
}

// Reference parses a reference into the registry.
func (r *Registry) Reference(t testing.TB, ref string) name.Reference {
	t.Helper()
	parsed, err := name.ParseReference(r.Host+"/"+ref, name.Insecure)
	if err != nil {
		t.Fatal(err)
	}
	return parsed
}

// Options returns the options to reach the registry with go-containerregistry.
func (r *Registry) Options() []remote.Option {
	return []remote.Option{remote.WithTransport(r.client), remote.WithAuth(r.auth())}
}

func (r *Registry) auth() authn.Authenticator {
	if r.User == "" {
		return authn.Anonymous
	}
	return &authn.Basic{Username: r.User, Password: r.Password}
}
