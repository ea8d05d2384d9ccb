package patch_test

import (
	"strings"
	"testing"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/catalog"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/kkp"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/patch"
)

const (
	dashboard  = "spec.ui.dockerRepository"
	kubermatic = "spec.userCluster.kubermaticDockerRepository"
	envoy      = "spec.nodeportProxy.envoy.dockerRepository"
	overwrite  = "spec.userCluster.overwriteRegistry"
)

// TestRepositoryDecisions has a case for each row of the decision table.
func TestRepositoryDecisions(t *testing.T) {
	release, err := catalog.Open("v2.31.0", catalog.CE)
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		mirror, field string
		live          map[string]string // fields of the configuration
		except        string
		set, omitted  string // of the field
	}{
		"not rewritten":                         {mirror: "reg:5000/kkp", field: dashboard, set: "reg:5000/kkp/kubermatic/dashboard"},
		"a mirror without a path":               {mirror: "reg:5000", field: kubermatic, set: "reg:5000/kubermatic/kubermatic"},
		"used as it is and rewritten":           {mirror: "reg:5000/kkp", field: envoy, set: "reg:5000/kkp/envoyproxy/envoy"},
		"used as it is and rewritten elsewhere": {mirror: "reg:5000/kkp", field: envoy, live: map[string]string{overwrite: "other"}, except: overwrite, omitted: "nodeport-proxy-envoy of the Seed pulls docker.io/envoyproxy/envoy"},
		"redirected by overwriteRegistry":       {mirror: "reg:5000/kkp", field: kubermatic, omitted: "overwriteRegistry already covers these fields"},
		"KKP's default is redirected":           {mirror: "reg:5000/kkp", field: kubermatic, live: map[string]string{kubermatic: "reg:5000/kkp/kubermatic/kubermatic"}, set: "quay.io/kubermatic/kubermatic"},
		"overwriteRegistry leads elsewhere":     {mirror: "reg:5000/kkp", field: kubermatic, live: map[string]string{overwrite: "other"}, except: overwrite, omitted: "overwriteRegistry, which is other"},
		"a build of one's own, mirror in front": {mirror: "reg:5000/kkp", field: kubermatic, live: map[string]string{kubermatic: "reg:5000/kkp/acme/our-build"}, set: "reg:5000/acme/our-build"},
		"no repository":                         {mirror: "reg:5000/kkp", field: dashboard, live: map[string]string{dashboard: "a b"}, omitted: "is not a repository"},
	} {
		target, err := images.ParseTarget(c.mirror)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		opts := patch.ConfigOptions{Mirror: patch.Mirror{Target: target}, Release: release}
		if c.except != "" {
			opts.Selection.Except = []string{c.except}
		}
		plan, err := patch.Config(balanced(t, c.live), opts)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if set, omitted := decided(plan, c.field); set != c.set || (omitted == "") != (c.omitted == "") || !strings.Contains(omitted, c.omitted) {
			t.Errorf("%s: set to %q, omitted because %q", name, set, omitted)
		}
	}
}

// balanced is an installation with a Seed that exposes a user cluster by a load balancer.
func balanced(t *testing.T, fields map[string]string) kkp.Installation {
	t.Helper()
	configuration := &unstructured.Unstructured{Object: map[string]any{
		"apiVersion": "kubermatic.k8c.io/v1", "kind": patch.KindConfiguration, "metadata": map[string]any{"name": "kubermatic", "namespace": "kubermatic"},
	}}
	for field, value := range fields {
		if err := unstructured.SetNestedField(configuration.Object, value, strings.Split(field, ".")...); err != nil {
			t.Fatal(err)
		}
	}
	inst, err := kkp.FromObjects([]*unstructured.Unstructured{configuration})
	if err != nil {
		t.Fatal(err)
	}
	inst.Seeds = []kkp.Seed{{Name: "frankfurt", ExposeStrategy: "LoadBalancer", Clusters: make([]kkp.Cluster, 1)}}
	return inst
}

// decided is what a plan says of a field.
func decided(plan patch.ConfigPlan, field string) (set, omitted string) {
	for _, object := range plan.Objects {
		for _, edit := range object.Edits {
			if edit.Path.String() == field {
				set, _ = edit.Value.(string)
			}
		}
	}
	for _, omission := range plan.Omitted {
		for _, name := range omission.Fields {
			if strings.HasSuffix(name, field) {
				omitted = omission.Reason
			}
		}
	}
	return set, omitted
}
