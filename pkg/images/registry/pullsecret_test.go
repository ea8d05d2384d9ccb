package registry

import (
	"encoding/base64"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/v1/types"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/failure"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/registry/credentials"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/registry/servertest"
)

func TestPullSecret(t *testing.T) {
	secured, other := servertest.New(t, servertest.Basic), servertest.New(t, servertest.Basic)
	digest := secured.Put(t, "app:v1", servertest.NewImage(t, types.OCIManifestSchema1))
	auth := base64.StdEncoding.EncodeToString([]byte(servertest.User + ":" + servertest.Password))
	r := New(Config{})
	if err := r.AddCredentials(fmt.Appendf(nil, `{"auths":{%q:{"auth":%q}},"credsStore":"evil"}`, secured.Host, auth), "spec.imagePullSecret"); err != nil {
		t.Fatal(err)
	}
	got, err := r.Digest(t.Context(), images.Ref{Registry: secured.Host, Repository: "app", Tag: "v1"})
	if err != nil || got != digest {
		t.Errorf("got %s, %v; want %s", got, err, digest)
	}
	_, err = r.Digest(t.Context(), images.Ref{Registry: other.Host, Repository: "app", Tag: "v1"})
	if failure.Classify(err) != images.ClassAuth {
		t.Errorf("a host that it does not name: %v", err)
	}
	err = r.AddCredentials([]byte(`{"auths": "s3cret"`), "spec.imagePullSecret")
	if err == nil || strings.Contains(err.Error(), "s3cret") {
		t.Errorf("got %v", err)
	}
}

func TestOwnCredentialsComeFirst(t *testing.T) {
	r := New(Config{Keychain: credentials.Login("registry.example.com", "me", "mine")})
	auth := base64.StdEncoding.EncodeToString([]byte("kkp:theirs"))
	if err := r.AddCredentials(fmt.Appendf(nil, `{"auths":{"registry.example.com":{"auth":%q}}}`, auth), "spec.imagePullSecret"); err != nil {
		t.Fatal(err)
	}
	registry, err := name.NewRegistry("registry.example.com")
	if err != nil {
		t.Fatal(err)
	}
	found, err := r.keychain().Resolve(registry)
	if err != nil {
		t.Fatal(err)
	}
	config, err := found.Authorization()
	if err != nil || config.Username != "me" {
		t.Errorf("got %+v, %v", config, err)
	}
}
