package transfer_test

import (
	"crypto/x509"
	"testing"
	"time"

	"github.com/google/go-containerregistry/pkg/authn"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/registry/credentials"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/registry/servertest"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/retry"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/transfer"
)

// fast is patience for tests.
func fast() retry.Policy {
	return retry.Policy{Attempts: 5, First: time.Millisecond, Longest: time.Second}
}

// login returns the configuration that reaches all servers.
func login(servers ...*servertest.Server) transfer.Config {
	var registries []*servertest.Registry
	for _, s := range servers {
		registries = append(registries, &s.Registry)
	}
	return reach(registries...)
}

// reach returns the configuration that reaches all registries.
func reach(registries ...*servertest.Registry) transfer.Config {
	cfg := transfer.Config{CAs: x509.NewCertPool(), UserAgent: "test", Retry: fast()}
	var chains []authn.Keychain
	for _, r := range registries {
		if r.User != "" {
			chains = append(chains, credentials.Login(r.Host, r.User, r.Password))
		}
		if r.Cas != nil {
			cfg.CAs = r.Cas // no two of them have authorities of their own, and httptest has one for all
		}
	}
	cfg.Keychain = authn.NewMultiKeychain(chains...)
	return cfg
}

// open returns registries that do not wait long between attempts.
func open(t *testing.T, cfg transfer.Config) *transfer.Registries {
	t.Helper()
	if cfg.Retry == (retry.Policy{}) {
		cfg.Retry = fast()
	}
	r := transfer.NewRegistries(cfg)
	t.Cleanup(r.Close)
	return r
}

// planOf plans to copy references of one server to another one.
func planOf(t *testing.T, from, to *servertest.Server, refs ...string) images.Plan {
	t.Helper()
	return planBetween(t, &from.Registry, &to.Registry, refs...)
}

// planBetween plans to copy references of one registry to another one.
func planBetween(t *testing.T, from, to *servertest.Registry, refs ...string) images.Plan {
	t.Helper()
	var inv images.Collector
	for _, s := range refs {
		ref, err := images.ParseRef(from.Host + "/" + s)
		if err != nil {
			t.Fatal(err)
		}
		inv.Add(images.Image{Ref: ref})
	}
	return images.NewPlan(inv.Inventory(), images.Target{Registry: to.Host, Prefix: "mirror"})
}

// wantAll fails the test unless all results have the outcome.
func wantAll(t *testing.T, report images.Report, want images.Outcome) {
	t.Helper()
	for _, res := range report.Results {
		if res.Outcome != want {
			t.Errorf("%s: %s (%s %s), want %s", res.Source, res.Outcome, res.Class, res.Error, want)
		}
	}
}
