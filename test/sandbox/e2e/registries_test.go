package e2e

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"net/http"
	"os"
	"testing"

	"github.com/google/go-containerregistry/pkg/authn"
	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/v1/random"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/remote/transport"
	"github.com/google/go-containerregistry/pkg/v1/validate"

	"github.com/kkp-mirror/kubectl-kkp_mirror/test/sandbox/ready"
)

// checkRegistries pushes to and pulls from every registry, with the credentials of the docker configuration.
func checkRegistries(t *testing.T, line ready.Line) {
	t.Setenv("DOCKER_CONFIG", line.DockerConfig)
	for _, kind := range []string{"plain", "tls", "basic", "token"} {
		t.Run(kind, func(t *testing.T) {
			access, ok := line.Registries[kind]
			if !ok {
				t.Fatal("there is no such registry")
			}
			transport := trusting(t, access.CAFile)
			roundTrip(t, access.Host, remote.WithTransport(transport), remote.WithAuthFromKeychain(authn.DefaultKeychain))
			if access.Username == "" {
				return
			}
			for _, auth := range []authn.Authenticator{
				authn.Anonymous,
				&authn.Basic{Username: access.Username, Password: access.Password + "wrong"},
			} {
				checkUnauthorized(t, access.Host, auth)
			}
		})
	}
}

func roundTrip(t *testing.T, host string, options ...remote.Option) {
	t.Helper()
	options = append(options, remote.WithContext(t.Context()))
	pushed, err := random.Index(1024, 2, 2)
	if err != nil {
		t.Fatal(err)
	}
	tag := tagOf(t, host)
	if err := remote.WriteIndex(tag, pushed, options...); err != nil {
		t.Fatal(err)
	}
	pulled, err := remote.Index(tag, options...)
	if err != nil {
		t.Fatal(err)
	}
	if err := validate.Index(pulled); err != nil {
		t.Error(err)
	}

	digest, err := pulled.Digest()
	if err != nil {
		t.Fatal(err)
	}
	if err := remote.Delete(tag.Digest(digest.String()), options...); err != nil {
		t.Errorf("deleting: %v", err)
	}
}

func checkUnauthorized(t *testing.T, host string, auth authn.Authenticator) {
	t.Helper()
	var status *transport.Error
	_, err := remote.Get(tagOf(t, host), remote.WithAuth(auth), remote.WithContext(t.Context()))
	if !errors.As(err, &status) || status.StatusCode != http.StatusUnauthorized {
		t.Errorf("not refused: %v", err)
	}
}

func checkUpstream(t *testing.T, line ready.Line) {
	if line.Images != 2 || len(line.Unservable) != 0 {
		t.Errorf("%d images, unservable: %v", line.Images, line.Unservable)
	}
	if want := "*=" + line.Upstream.Host + "/{host}"; line.Upstream.RegistryMap != want {
		t.Errorf("registry map %q, want %q", line.Upstream.RegistryMap, want)
	}
	for _, path := range []string{"docker.io/library/alpine:3.20", "quay.io/kubermatic/addons:v2.31.0"} {
		reference, err := name.ParseReference(line.Upstream.Host + "/" + path)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := remote.Head(reference, remote.WithContext(t.Context())); err != nil {
			t.Errorf("%s: %v", path, err)
		}
	}
}

func tagOf(t *testing.T, host string) name.Tag {
	t.Helper()
	tag, err := name.NewTag(host + "/some/image:v1")
	if err != nil {
		t.Fatal(err)
	}

	return tag
}

// trusting returns a transport that trusts the authority in the file, if there is one, and no other.
func trusting(t *testing.T, caFile string) http.RoundTripper {
	t.Helper()
	transport := http.DefaultTransport.(*http.Transport).Clone()
	if caFile == "" {
		return transport
	}
	pem, err := os.ReadFile(caFile)
	if err != nil {
		t.Fatal(err)
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(pem) {
		t.Fatalf("no certificate in %s", caFile)
	}
	transport.TLSClientConfig = &tls.Config{RootCAs: pool}

	return transport
}
