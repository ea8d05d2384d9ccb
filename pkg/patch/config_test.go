package patch

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/catalog"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/kkp"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/patch/apply"
)

// anything is the schema of a kind that has every field.
func anything() apply.Schema {
	return apply.SchemaOf(map[string]any{"x-kubernetes-preserve-unknown-fields": true})
}

func newRelease(t *testing.T, version string, edition catalog.Edition) *catalog.Release {
	t.Helper()
	release, err := catalog.Open(version, edition)
	if err != nil {
		t.Fatal(err)
	}
	return release
}

func newMirror(t *testing.T, text string) Mirror {
	t.Helper()
	target, err := images.ParseTarget(text)
	if err != nil {
		t.Fatal(err)
	}
	return Mirror{Target: target}
}

// configuration makes a KubermaticConfiguration with the given fields.
func configuration(t *testing.T, fields map[string]any) *unstructured.Unstructured {
	t.Helper()
	object := &unstructured.Unstructured{Object: map[string]any{
		"apiVersion": "kubermatic.k8c.io/v1", "kind": KindConfiguration, "metadata": map[string]any{"name": "kubermatic", "namespace": "kubermatic"},
	}}
	for field, value := range fields {
		if err := unstructured.SetNestedField(object.Object, value, strings.Split(field, ".")...); err != nil {
			t.Fatal(err)
		}
	}
	return object
}

func installation(t *testing.T, objects ...*unstructured.Unstructured) kkp.Installation {
	t.Helper()
	inst, err := kkp.FromObjects(objects)
	if err != nil {
		t.Fatal(err)
	}
	return inst
}

// apply carries the plan out on the configuration.
func carriedOut(t *testing.T, live *unstructured.Unstructured, plan ConfigPlan) *unstructured.Unstructured {
	t.Helper()
	change, err := apply.Compute(live, anything(), plan.Objects[0].Edits)
	if err != nil {
		t.Fatal(err)
	}
	return change.After
}

func field(object *unstructured.Unstructured, path string) string {
	text, _ := apply.ParsePath(path).Lookup(object.Object).(string)
	return text
}

// pulled is the repository that KKP pulls from for a setting.
func pulled(object *unstructured.Unstructured, s catalog.Setting) string {
	value := field(object, s.Field)
	if value == "" {
		value = s.Repository
	}
	if s.OverwriteRegistry {
		return rewritten(field(object, overwriteRegistry), value)
	}
	return value
}

// TestEverythingComesFromTheMirror tries random configurations: whatever they have set, KKP
// pulls every image from the mirror afterwards, with its path in front once; what was
// unset or set otherwise comes back with a revert; and a second time changes nothing.
func TestEverythingComesFromTheMirror(t *testing.T) {
	release := newRelease(t, "v2.31.0", catalog.EE)
	mirrors := []string{"reg.example.com", "reg.example.com:5000/kkp", "reg.example.com/a/b"}
	for seed := range uint64(600) {
		r := rand.New(rand.NewPCG(seed, 3))
		set := map[string]any{"spec.ingress.domain": "kkp.example.com"}
		for _, s := range release.Settings() {
			switch r.IntN(5) {
			case 0:
				set[s.Field] = s.Repository
			case 1:
				set[s.Field] = mirrors[r.IntN(3)] + strings.TrimPrefix(s.Repository, strings.SplitN(s.Repository, "/", 2)[0])
			}
		}
		if r.IntN(2) == 0 {
			set[overwriteRegistry] = mirrors[r.IntN(3)]
		}
		live := configuration(t, set)
		now := live
		for range 1 + r.IntN(2) {
			target := newMirror(t, mirrors[r.IntN(3)])
			plan, err := Config(installation(t, now), ConfigOptions{Mirror: target, Release: release})
			if err != nil {
				t.Fatal(err)
			}
			now = carriedOut(t, now, plan)
			for _, s := range release.Settings() {
				want, err := target.repository(s.Repository)
				if got := pulled(now, s); err != nil || (got != want && s.Object == KindConfiguration) {
					t.Fatalf("seed %d: %s = %q with overwriteRegistry %q leads to %s, want %s", seed, s.Field, field(now, s.Field), field(now, overwriteRegistry), got, want)
				}
			}
			again, err := Config(installation(t, now), ConfigOptions{Mirror: target, Release: release})
			if err != nil {
				t.Fatal(err)
			}
			if change, err := apply.Compute(now, anything(), again.Objects[0].Edits); err != nil || !change.Empty() {
				t.Fatalf("seed %d: a second time: %v, %v", seed, change.Edits, err)
			}
		}
		back, err := apply.Revert(now, func(apply.Path) bool { return true }, false)
		if err != nil || fmt.Sprint(back.After.Object) != fmt.Sprint(live.Object) {
			t.Fatalf("seed %d: reverted to %v, %v, was %v", seed, back.After.Object, err, live.Object)
		}
	}
}

func TestConfigFields(t *testing.T) {
	mirror := newMirror(t, "reg.example.com/kkp")
	mirror.Insecure = true
	live := configuration(t, map[string]any{"spec.userCluster.addons.dockerRepository": "quay.io/acme/our-addons", "spec.ui.dockerRepository": "reg.example.com/kkp/acme/our-ui", "spec.userCluster.systemApplications.plainHTTP": true})
	plan, err := Config(installation(t, live), ConfigOptions{
		Mirror: mirror, Release: newRelease(t, "v2.28.13", catalog.CE), HelmSecret: kkp.SecretKey{Name: "charts", Key: ".dockerconfigjson"},
	})
	if err != nil {
		t.Fatal(err)
	}
	now := carriedOut(t, live, plan)
	for path, want := range map[string]string{
		"spec.webhook.dockerRepository":                                          "reg.example.com/kkp/kubermatic/kubermatic",
		"spec.userCluster.overwriteRegistry":                                     "reg.example.com/kkp",
		"spec.userCluster.kubermaticDockerRepository":                            "",
		"spec.userCluster.addons.dockerRepository":                               "reg.example.com/kkp/acme/our-addons",
		"spec.ui.dockerRepository":                                               "reg.example.com/kkp/acme/our-ui",
		"spec.userCluster.kubelb.imageRepository":                                "", // only the Enterprise Edition reads it
		"spec.util.dockerRepository":                                             "reg.example.com/kkp/kubermatic/util",
		"spec.applications.defaultApplicationCatalog.helmRepository":             "oci://reg.example.com/kkp/kubermatic-mirror/helm-charts",
		"spec.userCluster.systemApplications.helmRegistryConfigFile.name":        "charts",
		"spec.applications.defaultApplicationCatalog.helmRegistryConfigFile.key": ".dockerconfigjson",
	} {
		if got := field(now, path); got != want {
			t.Errorf("%s = %q, want %q", path, got, want)
		}
	}
	for path, want := range map[string]any{
		"spec.userCluster.systemApplications.plainHTTP": false, "spec.userCluster.systemApplications.insecureSkipTLSVerify": true,
		"spec.userCluster.applications.plainHTTP": nil, "spec.userCluster.applications.insecureSkipTLSVerify": true,
	} {
		if got := apply.ParsePath(path).Lookup(now.Object); got != want {
			t.Errorf("%s = %v, want %v", path, got, want)
		}
	}
	last := plan.Objects[len(plan.Objects)-1]
	if last.Kind != KindSecret || last.Name != "charts" || last.Edits[0].Value != kkp.SecretTypeHelm {
		t.Errorf("got %v", last)
	}
	if len(plan.Omitted) != 1 || len(plan.Omitted[0].Fields) != 3 {
		t.Errorf("got %v", plan.Omitted)
	}
}

// TestChartsNeedTLS wants the fields of charts left alone for a mirror that speaks plain HTTP: KKP's operator sets insecure on
// every ApplicationDefinition, and KKP's webhook refuses that beside plainHTTP.
func TestChartsNeedTLS(t *testing.T) {
	mirror := newMirror(t, "reg.example.com/kkp")
	mirror.PlainHTTP = true
	for _, version := range []string{"v2.28.13", "v2.30.6", "v2.31.0"} {
		live := configuration(t, map[string]any{"spec.userCluster.systemApplications.helmRepository": "oci://elsewhere.example.com/charts"})
		release := newRelease(t, version, catalog.EE)
		plan, err := Config(installation(t, live), ConfigOptions{Mirror: mirror, Release: release, HelmSecret: kkp.SecretKey{Name: "charts", Key: HelmSecretKey}})
		if err != nil {
			t.Fatal(err)
		}
		now := carriedOut(t, live, plan)
		for _, at := range []string{systemCharts, catalogCharts, catalogSwitches} {
			before, after := apply.ParsePath(at).Lookup(live.Object), apply.ParsePath(at).Lookup(now.Object)
			if fmt.Sprint(before) != fmt.Sprint(after) {
				t.Errorf("%s: %s is %v, was %v", version, at, after, before)
			}
		}
		if field(now, overwriteRegistry) != "reg.example.com/kkp" || plan.Objects[len(plan.Objects)-1].Kind == KindSecret {
			t.Errorf("%s: got %v", version, plan.Objects)
		}
		told := plan.Omitted[len(plan.Omitted)-1]
		if !strings.Contains(told.Reason, "Serve the mirror with TLS") || !slices.Contains(told.Fields, systemCharts+".helmRepository") || !slices.Contains(told.Fields, catalogCharts+".helmRepository") {
			t.Errorf("%s: got %v", version, told)
		}
		chart := images.Inventory{Images: []images.Image{image(t, "quay.io/kubermatic-mirror/helm-charts/cilium:1.19.4", images.KindChart, images.Reason{Source: "applications", Component: "cilium 1.19.4"})}}
		if coverage := plan.Cover(chart, installation(t, live), release); len(coverage.Redirected.Images) > 0 || len(coverage.Left[RemedyTLS]) != 1 {
			t.Errorf("%s: got %v", version, coverage)
		}
	}
}

func TestOnlyTheEnterpriseEditionGetsItsFields(t *testing.T) {
	inst := installation(t, configuration(t, map[string]any{"spec.x": "y"}))
	for edition, want := range map[catalog.Edition]string{catalog.CE: "", catalog.EE: "reg.example.com/kubermatic/kubelb-ccm-ee"} {
		plan, err := Config(inst, ConfigOptions{Mirror: newMirror(t, "reg.example.com"), Release: newRelease(t, "v2.31.0", edition)})
		if err != nil {
			t.Fatal(err)
		}
		if got := field(carriedOut(t, configuration(t, nil), plan), "spec.userCluster.kubelb.imageRepository"); got != want {
			t.Errorf("%s: got %q, want %q", edition, got, want)
		}
	}
}

func TestSelection(t *testing.T) {
	inst := installation(t, configuration(t, map[string]any{"spec.x": "y"}))
	options := ConfigOptions{Mirror: newMirror(t, "reg.example.com/kkp"), Release: newRelease(t, "v2.31.0", catalog.CE)}
	options.Selection = Selection{Only: []string{"ui", "spec.userCluster"}, Except: []string{"userCluster.overwriteRegistry"}}
	plan, err := Config(inst, options)
	if err != nil {
		t.Fatal(err)
	}
	var paths []string
	for _, edit := range plan.Objects[0].Edits {
		paths = append(paths, edit.Path.String())
	}
	// Without overwriteRegistry, nothing is put in front of the user clusters' repositories.
	if !slices.Contains(paths, "spec.userCluster.kubermaticDockerRepository") || slices.Contains(paths, overwriteRegistry) || slices.Contains(paths, "spec.api.dockerRepository") {
		t.Errorf("got %v", paths)
	}
	for _, name := range []string{"hyperkube_image", "spec.nothing"} {
		options.Selection = Selection{Only: []string{name}}
		if _, err := Config(inst, options); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("%s: got %v", name, err)
		}
	}
}

func TestSeedsNodePortProxy(t *testing.T) {
	seed := func(strategy string) *unstructured.Unstructured {
		return &unstructured.Unstructured{Object: map[string]any{
			"apiVersion": "kubermatic.k8c.io/v1", "kind": KindSeed, "metadata": map[string]any{"name": "s", "namespace": "kubermatic"},
			"spec": map[string]any{"exposeStrategy": strategy},
		}}
	}
	cluster := &unstructured.Unstructured{Object: map[string]any{
		"apiVersion": "kubermatic.k8c.io/v1", "kind": "Cluster", "metadata": map[string]any{"name": "c"}, "spec": map[string]any{"cloud": map[string]any{"dc": "d"}},
	}}
	release := newRelease(t, "v2.31.0", catalog.CE)
	for _, c := range []struct {
		strategy, mirror string
		want             int // fields
	}{{"NodePort", "reg.example.com/kkp", 3}, {"LoadBalancer", "reg.example.com/kkp", 3}, {"LoadBalancer", "reg.example.com", 3}} {
		inst := installation(t, configuration(t, map[string]any{"spec.x": "y"}), seed(c.strategy), cluster)
		for i := range inst.Seeds {
			if len(inst.Seeds[i].Clusters) == 0 {
				inst.Seeds[i].Clusters = []kkp.Cluster{{Name: "c"}}
			}
		}
		plan, err := Config(inst, ConfigOptions{Mirror: newMirror(t, c.mirror), Release: release})
		if err != nil || len(plan.Objects[1].Edits) != c.want {
			t.Errorf("%s, %s: got %v, %v", c.strategy, c.mirror, plan.Objects[1].Edits, err)
		}
	}
}

func TestUnknownRepositories(t *testing.T) {
	text := map[string]any{"type": "string"}
	schema := apply.SchemaOf(map[string]any{"properties": map[string]any{"spec": map[string]any{"properties": map[string]any{
		"ui":     map[string]any{"properties": map[string]any{"dockerRepository": text, "dockerTag": text}},
		"future": map[string]any{"properties": map[string]any{"dockerRepository": text}},
	}}}})
	got := UnknownRepositories(KindConfiguration, schema, newRelease(t, "v2.31.0", catalog.CE))
	if len(got) != 1 || got[0].String() != "spec.future.dockerRepository" {
		t.Errorf("got %v", got)
	}
}
