package patch

import (
	"net/url"
	"slices"
	"strings"

	"golang.org/x/net/http/httpproxy"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/redact"
)

// Proxied is a datacenter whose nodes reach registries of the mirror through a proxy.
type Proxied struct {
	Proxy      string   // its URL, without a password
	NoProxy    string   // what nodes reach without it
	Registries []string // host[:port], in order
}

// MirrorProxied tells which registries of the mirror the nodes of a datacenter will reach
// through a proxy when the plan is carried out. A datacenter that has no proxy, or no list of
// its own, has that of its Seed (kubermatic sdk/apis/kubermatic/v1/datacenter.go, v2.31.0).
func (p NodePlan) MirrorProxied(seed *unstructured.Unstructured, dc SeedDatacenter) (Proxied, bool) {
	after := seed.DeepCopy().Object
	for _, edit := range p.Edits(seed, dc) {
		_ = unstructured.SetNestedField(after, edit.Value, edit.Path...) // what is in the way fails when the change is computed
	}
	setting := func(key string) string {
		own, _ := append(DatacenterPath(dc.Name), "node", key).Lookup(after).(string)
		if own == "" {
			own, _, _ = unstructured.NestedString(after, "spec", "proxySettings", key)
		}
		return own
	}
	found := Proxied{Proxy: setting("httpProxy"), NoProxy: setting("noProxy")}
	if found.Proxy == "" {
		return found, false
	}
	found.Registries = slices.DeleteFunc(p.registries(), func(registry string) bool { return !proxied(found, registry) })
	found.Proxy = redact.User(found.Proxy)
	return found, len(found.Registries) > 0
}

// registries are those of the mirror: the one that is given, and the one that the
// configuration has.
func (p NodePlan) registries() []string {
	configured, _, _ := strings.Cut(p.inst.Configuration.Field(overwriteRegistry), "/")
	var registries []string
	for _, registry := range []string{p.mirror.Registry, configured} {
		if registry != "" && !slices.Contains(registries, registry) {
			registries = append(registries, registry)
		}
	}
	return registries
}

// proxied decides as containerd does, which reads the lists as Go programs do.
func proxied(p Proxied, registry string) bool {
	config := httpproxy.Config{HTTPProxy: p.Proxy, HTTPSProxy: p.Proxy, NoProxy: p.NoProxy}
	proxy, err := config.ProxyFunc()(&url.URL{Scheme: "https", Host: registry})
	return err == nil && proxy != nil
}
