package upgrade

import (
	"errors"
	"io"
	"strings"
	"testing"

	"helm.sh/helm/v3/pkg/action"
	"helm.sh/helm/v3/pkg/chartutil"
	"helm.sh/helm/v3/pkg/kube/fake"
	"helm.sh/helm/v3/pkg/release"
	"helm.sh/helm/v3/pkg/storage"
	"helm.sh/helm/v3/pkg/storage/driver"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/chart"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/chart/redirect"
)

const deployment = `apiVersion: apps/v1
kind: Deployment
metadata: {name: app}
spec: {replicas: {{ .Values.replicas }}, template: {spec: {containers: [{name: c, image: "{{ .Values.image }}"}]}}}
`

func chartOf(t *testing.T, template string) *chart.Chart {
	t.Helper()
	found := chart.InFiles(map[string][]byte{
		"app/Chart.yaml":         []byte("apiVersion: v2\nname: app\nversion: 1.0.0\n"),
		"app/values.yaml":        []byte("image: quay.io/a/b:1\nreplicas: 1\n"),
		"app/templates/app.yaml": []byte(template),
	})
	if len(found) != 1 || found[0].Err != nil {
		t.Fatal(found)
	}
	return found[0].Chart
}

// cluster keeps releases in memory, and takes every object.
func cluster(t *testing.T, c *chart.Chart, config map[string]any) *Configuration {
	t.Helper()
	memory := &Configuration{
		Releases: storage.Init(driver.NewMemory()), KubeClient: &fake.PrintingKubeClient{Out: io.Discard},
		Capabilities: chartutil.DefaultCapabilities, Log: func(string, ...any) {},
	}
	opened, err := c.Open()
	if err != nil {
		t.Fatal(err)
	}
	install := action.NewInstall(memory)
	install.ReleaseName, install.Namespace = "app", "default"
	if _, err := install.RunWithContext(t.Context(), opened, config); err != nil {
		t.Fatal(err)
	}
	return memory
}

// found is the release with what redirects it.
func found(t *testing.T, c *chart.Chart, config map[string]any) Release {
	t.Helper()
	target, err := images.ParseTarget("reg.corp/kkp")
	if err != nil {
		t.Fatal(err)
	}
	goal := chart.Target{Release: "app", Namespace: "default", Revision: 1}
	renderer := &chart.Renderer{}
	texts, err := renderer.Texts(t.Context(), c, config, goal)
	if err != nil {
		t.Fatal(err)
	}
	r, err := redirect.Find(t.Context(), renderer, c, redirect.Release{Target: goal, Config: config, Manifests: []string{texts["app/templates/app.yaml"]}}, target)
	if err != nil {
		t.Fatal(err)
	}
	return Release{Name: "app", Namespace: "default", Revision: 1, Chart: c, Config: config, Override: r.Values, Images: r.Images}
}

func TestUpgrade(t *testing.T) {
	c, config := chartOf(t, deployment), map[string]any{"replicas": 3}
	memory, r := cluster(t, c, config), found(t, c, config)
	if err := r.Check(t.Context(), memory); err != nil {
		t.Fatal(err)
	}
	if history, _ := memory.Releases.History("app"); len(history) != 1 {
		t.Fatalf("a check left %d revisions", len(history))
	}
	revision, err := r.Apply(t.Context(), memory, Options{})
	if err != nil || revision != 2 {
		t.Fatal(revision, err)
	}
	now, err := memory.Releases.Deployed("app")
	if err != nil || !strings.Contains(now.Manifest, "reg.corp/kkp/a/b:1") || !strings.Contains(now.Manifest, "replicas: 3") {
		t.Errorf("%v %+v", err, now)
	}
	before, err := memory.Releases.Get("app", 1)
	if err != nil || before.Info.Status != release.StatusSuperseded || before.Config["image"] != nil {
		t.Errorf("the values from before are not in the history: %v %+v", err, before)
	}

	// Whoever has read revision 1 must not overwrite revision 2.
	var stale *StaleError
	if err := r.Check(t.Context(), memory); !errors.As(err, &stale) || stale.Now != 2 {
		t.Error(err)
	}
	if _, err := r.Apply(t.Context(), memory, Options{}); !errors.As(err, &stale) {
		t.Error(err)
	}
}

func TestHistoryIsKept(t *testing.T) {
	c := chartOf(t, deployment)
	memory, r := cluster(t, c, nil), found(t, c, nil)
	for range 14 {
		revision, err := r.Apply(t.Context(), memory, Options{})
		if err != nil {
			t.Fatal(err)
		}
		r.Revision = revision
	}
	if history, err := memory.Releases.History("app"); err != nil || len(history) != 15 {
		t.Errorf("%d revisions are left of 15: %v", len(history), err)
	}
}

func TestRefusals(t *testing.T) {
	for name, c := range map[string]struct{ installed, atHand, want string }{
		"another chart":     {deployment, strings.Replace(deployment, "replicas: {{", "paused: true, replicas: {{", 1), "does not give what is installed: an upgrade would change Deployment app spec.paused"},
		"a chart like dice": {deployment + "---\n# {{ .Values.image }}\n", strings.Replace(deployment, "{name: app}", "{name: app, labels: {x: {{ randAlpha 9 }}}}", 1), "would change Deployment app metadata.labels"},
		"only for upgrades": {deployment, deployment + "{{ if .Release.IsUpgrade }}---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: c}\n{{ end }}", "would change ConfigMap c"},
	} {
		r := found(t, chartOf(t, deployment), nil)
		r.Chart = chartOf(t, c.atHand)
		err := r.Check(t.Context(), cluster(t, chartOf(t, c.installed), nil))
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %q", name, err, c.want)
		}
	}
}

// TestOnlyImages refuses values that do more than was proved when they were found.
func TestOnlyImages(t *testing.T) {
	c := chartOf(t, deployment)
	r := found(t, c, nil)
	r.Override["replicas"] = 5
	if err := r.Check(t.Context(), cluster(t, c, nil)); err == nil || !strings.Contains(err.Error(), "Deployment app spec.replicas would change, which is no image") {
		t.Error(err)
	}
	r = found(t, c, nil)
	delete(r.Override, "image")
	if err := r.Check(t.Context(), cluster(t, c, nil)); err == nil || !strings.Contains(err.Error(), "quay.io/a/b:1 would not become reg.corp/kkp/a/b:1") {
		t.Error(err)
	}
	r.Override["image"] = "reg.corp/kkp/a/b:2"
	if err := r.Check(t.Context(), cluster(t, c, nil)); err == nil || !strings.Contains(err.Error(), "quay.io/a/b:1 would become reg.corp/kkp/a/b:2") {
		t.Error(err)
	}
}
