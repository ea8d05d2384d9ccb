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

// fast is a retry policy for tests.
func fast() retry.Policy {
	return retry.Policy{Attempts: 5, First: time.Millisecond, Longest: time.Second}
}

// login returns a configuration with access to all servers.
func login(servers ...*servertest.Server) transfer.Config {
	var registries []*servertest.Registry
	for _, s := range servers {
		registries = append(registries, &s.Registry)
	}
	return reach(registries...)
}

// reach returns a configuration with access to all registries.
func reach(registries ...*servertest.Registry) transfer.Config {
	cfg := transfer.Config{CAs: x509.NewCertPool(), UserAgent: "test", Retry: fast()}
	var chains []authn.Keychain
	for _, r := range registries {
		if r.User != "" {
			chains = append(chains, credentials.Login(r.Host, r.User, r.Password))
		}
		if r.Cas != nil {
			cfg.CAs = r.Cas // at most one of them has a CA of its own, and httptest uses one CA for all
		}
	}
	cfg.Keychain = authn.NewMultiKeychain(chains...)
	return cfg
}

// open returns registries with short waits between attempts.
func open(t *testing.T, cfg transfer.Config) *transfer.Registries {
	t.Helper()
	if cfg.Retry == (retry.Policy{}) {
		cfg.Retry = fast()
	}
	r := transfer.NewRegistries(cfg)
	t.Cleanup(r.Close)
	return r
}

// planOf returns a plan to copy references from one server to another.
func planOf(t *testing.T, from, to *servertest.Server, refs ...string) images.Plan {
	t.Helper()
	return planBetween(t, &from.Registry, &to.Registry, refs...)
}

// planBetween returns a plan to copy references from one registry to another.
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
