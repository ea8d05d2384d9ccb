package patch_test

import (
	"strings"
	"testing"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/kkp"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/patch"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/patch/apply"
)

// TestMirrorsBehindProxies has the places that a proxy, and what is kept out of it, can come from.
func TestMirrorsBehindProxies(t *testing.T) {
	const proxy = "http://proxy.example.com:3128"
	mirror, err := images.ParseTarget("registry.corp.example:5000/kkp")
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		node, seed map[string]any
		settings   patch.NodeSettings
		configured string // overwriteRegistry
		mirror     patch.Mirror
		want       string
	}{
		"no proxy":              {mirror: patch.Mirror{Target: mirror}},
		"of the datacenter":     {node: map[string]any{"httpProxy": proxy}, mirror: patch.Mirror{Target: mirror}, want: "registry.corp.example:5000"},
		"of the Seed":           {seed: map[string]any{"httpProxy": proxy}, mirror: patch.Mirror{Target: mirror}, want: "registry.corp.example:5000"},
		"a new one":             {settings: patch.NodeSettings{HTTPProxy: proxy}, mirror: patch.Mirror{Target: mirror}, want: "registry.corp.example:5000"},
		"a mirror that is used": {node: map[string]any{"httpProxy": proxy}, configured: "hub.corp.example/kkp", want: "hub.corp.example"},
		"something else":        {node: map[string]any{"httpProxy": proxy, "noProxy": "other.example,10.0.0.0/8"}, mirror: patch.Mirror{Target: mirror}, want: "registry.corp.example:5000"},
		"its domain":            {node: map[string]any{"httpProxy": proxy, "noProxy": "localhost,.corp.example"}, mirror: patch.Mirror{Target: mirror}},
		"itself, of the Seed":   {node: map[string]any{"httpProxy": proxy}, seed: map[string]any{"noProxy": "registry.corp.example"}, mirror: patch.Mirror{Target: mirror}},
		"the Seed's is hidden":  {node: map[string]any{"httpProxy": proxy, "noProxy": "a"}, seed: map[string]any{"noProxy": "registry.corp.example"}, mirror: patch.Mirror{Target: mirror}, want: "registry.corp.example:5000"},
		"itself, given":         {node: map[string]any{"httpProxy": proxy}, settings: patch.NodeSettings{NoProxy: []string{"auto"}}, mirror: patch.Mirror{Target: mirror}},
	} {
		seed := &unstructured.Unstructured{Object: map[string]any{"spec": map[string]any{"datacenters": map[string]any{"dc": map[string]any{}}}}}
		for at, value := range map[string]map[string]any{"spec.datacenters.dc.node": c.node, "spec.proxySettings": c.seed} {
			if value == nil {
				continue
			}
			if err := unstructured.SetNestedField(seed.Object, value, strings.Split(at, ".")...); err != nil {
				t.Fatal(err)
			}
		}
		configuration := &unstructured.Unstructured{Object: map[string]any{
			"apiVersion": "kubermatic.k8c.io/v1", "kind": patch.KindConfiguration, "metadata": map[string]any{"name": "kubermatic", "namespace": "kubermatic"},
			"spec": map[string]any{"userCluster": map[string]any{"overwriteRegistry": c.configured}},
		}}
		inst, err := kkp.FromObjects([]*unstructured.Unstructured{configuration})
		if err != nil {
			t.Fatal(err)
		}
		plan, err := patch.Nodes(inst, patch.NodeOptions{Settings: c.settings, Mirror: c.mirror, Version: "v2.31.0"})
		if err != nil {
			t.Fatal(err)
		}
		found, ok := plan.MirrorProxied(seed, patch.SeedDatacenter{Datacenter: kkp.Datacenter{Name: "dc"}})
		if got := strings.Join(found.Registries, ","); got != c.want || ok != (c.want != "") || ok && found.Proxy != proxy {
			t.Errorf("%s: got %+v", name, found)
		}
	}
	if got := patch.ProxyHosts([]string{"a:5000", "b", "[::1]:5000"}); got != "a,b,::1" {
		t.Error(got)
	}
}

func TestUpcomingFieldsSayWhenToSetThem(t *testing.T) {
	notes := patch.UpcomingNotes([]apply.Path{apply.ParsePath("spec.x"), apply.ParsePath("spec.util.dockerRepository")})
	if len(notes) != 1 {
		t.Fatal(notes)
	}
	for _, part := range []string{"spec.util.dockerRepository", "seed-proxy and kubeone", "Nothing can be set before", "quay.io/kubermatic/util"} {
		if !strings.Contains(notes[0], part) {
			t.Errorf("%q lacks %q", notes[0], part)
		}
	}
	if notes := patch.UpcomingNotes([]apply.Path{apply.ParsePath("spec.x")}); len(notes) > 0 {
		t.Error(notes)
	}
}
