package transfer_test

import (
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/google/go-containerregistry/pkg/authn"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/registry/registrytest"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/registry/servertest"
	"github.com/kkp-mirror/kubectl-kkp_mirror/test/harness"
)

// suite is the test suite for every kind of registry. It copies from one registry to
// another, and checks the result with another client.
type suite struct {
	from, to *servertest.Registry
	mounts   bool // the target mounts blobs from other repositories
	foreign  bool // the target accepts images with non-distributable layers
	types    bool // the target lists the artifact types of referrers
}

func (s suite) run(t *testing.T) {
	t.Run("shapes", s.shapes)
	t.Run("shared", s.shared)
	t.Run("platforms", s.platforms)
	t.Run("foreign layers", s.foreignLayers)
	t.Run("attached", s.attached)
	t.Run("attached later", s.attachedLater)
	t.Run("repairs", s.repairs)
	t.Run("lost referrers", s.lostReferrers)
	t.Run("target", s.target)
	t.Run("strangers", s.strangers)
}

// TestMemory runs the suite with the registry of go-containerregistry. It stores a blob
// once for all repositories, does not mount, and lists referrers with the media type of
// their configuration.
func TestMemory(t *testing.T) {
	for _, kind := range servertest.Kinds() {
		t.Run(kind, func(t *testing.T) {
			from, to := servertest.New(t, kind), servertest.New(t, kind)
			suite{from: &from.Registry, to: &to.Registry, foreign: true}.run(t)
		})
	}
}

// TestStrictMemory runs the suite with the registry of registrytest, which scripts and
// benchmarks use. It stores blobs per repository, mounts them, and accepts only complete
// manifests.
func TestStrictMemory(t *testing.T) {
	start := func() *servertest.Registry {
		server := httptest.NewServer(registrytest.New(registrytest.Options{}))
		t.Cleanup(server.Close)
		return servertest.At(t, servertest.Plain, strings.TrimPrefix(server.URL, "http://"), "", authn.NewMultiKeychain())
	}
	suite{from: start(), to: start(), mounts: true, foreign: true, types: true}.run(t)
}

// TestDistribution runs the suite with distribution. It stores blobs per repository, mounts
// them, accepts only complete manifests, and has no referrers API. Each of its registries
// is once the source and once the target.
func TestDistribution(t *testing.T) {
	registries := sandbox(t)
	for i, to := range registries {
		from := registries[(i+1)%len(registries)]
		t.Run(to.Kind, suite{from: from, to: to, mounts: true, types: true}.run)
	}
}

// sandbox starts a sandbox for a test, and returns its registries.
func sandbox(t *testing.T) []*servertest.Registry {
	t.Helper()
	running := harness.ForTest(t, "true")
	t.Setenv("DOCKER_CONFIG", running.DockerConfig)
	var registries []*servertest.Registry
	for _, kind := range []struct{ name, in string }{
		{servertest.Plain, "plain"}, {servertest.TLS, "tls"}, {servertest.Basic, "basic"}, {servertest.Token, "token"},
	} {
		r := running.Registries[kind.in]
		registries = append(registries, servertest.At(t, kind.name, r.Host, r.CAFile, authn.DefaultKeychain))
	}
	return registries
}
