package upgrade_test

import (
	"errors"
	"strings"
	"testing"

	"helm.sh/helm/v3/pkg/release"
	"helm.sh/helm/v3/pkg/storage/driver"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/chart/upgrade"
)

func TestUpgrade(t *testing.T) {
	c, config := chartOf(t, deployment), map[string]any{"replicas": 3}
	cluster, live := clusterWith(t, c, config)
	r := found(t, c, config)
	trial, err := r.Try(t.Context(), cluster, upgrade.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if history, _ := cluster.Releases.History("app"); len(history) != 1 {
		t.Fatalf("a trial left %d revisions", len(history))
	}
	if len(trial.Changes) != 1 || trial.Changes[0].Name != "Deployment.apps/default/app" || trial.Changes[0].Refused != "" || len(trial.Waits) != 1 {
		t.Errorf("%+v", trial)
	}
	second, err := r.Try(t.Context(), cluster, upgrade.Options{})
	if err != nil {
		t.Fatal(err)
	}
	revision, err := trial.Apply(t.Context())
	if err != nil || revision != 2 {
		t.Fatal(revision, err)
	}
	now, err := cluster.Releases.Deployed("app")
	if err != nil || !strings.Contains(now.Manifest, "reg.corp/kkp/a/b:1") || !strings.Contains(now.Manifest, "replicas: 3") {
		t.Errorf("%v %+v", err, now)
	}
	if text := printed(live); !strings.Contains(text, "reg.corp/kkp/a/b:1") || strings.Contains(text, "quay.io") {
		t.Error(text)
	}
	before, err := cluster.Releases.Get("app", 1)
	if err != nil || before.Info.Status != release.StatusSuperseded || before.Config["image"] != nil {
		t.Errorf("the values from before are not in the history: %v %+v", err, before)
	}

	// Whoever has read revision 1 must not overwrite revision 2.
	var stale *upgrade.StaleError
	if _, err := r.Try(t.Context(), cluster, upgrade.Options{}); !errors.As(err, &stale) || stale.Now != 2 {
		t.Error(err)
	}
	if _, err := second.Apply(t.Context()); !errors.Is(err, driver.ErrReleaseExists) {
		t.Errorf("two upgrades became one revision: %v", err)
	}
}

func TestHistoryIsKept(t *testing.T) {
	c := chartOf(t, deployment)
	cluster, _ := clusterWith(t, c, nil)
	r := found(t, c, nil)
	for range 14 {
		trial, err := r.Try(t.Context(), cluster, upgrade.Options{})
		if err != nil {
			t.Fatal(err)
		}
		revision, err := trial.Apply(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		r = found(t, c, map[string]any{"image": "reg.corp/kkp/a/b:1"})
		r.Revision = revision
	}
	if history, err := cluster.Releases.History("app"); err != nil || len(history) != 15 {
		t.Errorf("%d revisions are left of 15: %v", len(history), err)
	}
}

func TestRefusals(t *testing.T) {
	for name, c := range map[string]struct{ installed, atHand, want string }{
		"another chart":     {deployment, strings.Replace(deployment, "replicas: {{", "paused: true, replicas: {{", 1), "does not render to the installed manifests: an upgrade would also change Deployment app spec.paused"},
		"a chart like dice": {deployment + "---\n# {{ .Values.image }}\n", strings.Replace(deployment, "{name: app}", "{name: app, labels: {x: {{ randAlpha 9 }}}}", 1), "would also change Deployment app metadata.labels"},
		"only for upgrades": {deployment, deployment + "{{ if .Release.IsUpgrade }}---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: c}\n{{ end }}", "would also change ConfigMap c"},
	} {
		r := found(t, chartOf(t, deployment), nil)
		r.Chart = chartOf(t, c.atHand)
		cluster, _ := clusterWith(t, chartOf(t, c.installed), nil)
		_, err := r.Try(t.Context(), cluster, upgrade.Options{})
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %q", name, err, c.want)
		}
	}
}

// TestOnlyImages refuses values that do more than was proved when they were found.
func TestOnlyImages(t *testing.T) {
	for name, c := range map[string]struct {
		change func(override map[string]any)
		want   string
	}{
		"more":    {func(override map[string]any) { override["replicas"] = 5 }, "Deployment app spec.replicas would change, which is not an image"},
		"less":    {func(override map[string]any) { delete(override, "image") }, "quay.io/a/b:1 would not become reg.corp/kkp/a/b:1"},
		"another": {func(override map[string]any) { override["image"] = "reg.corp/kkp/a/b:2" }, "quay.io/a/b:1 would become reg.corp/kkp/a/b:2"},
	} {
		chart := chartOf(t, deployment)
		r := found(t, chart, nil)
		c.change(r.Override)
		cluster, _ := clusterWith(t, chart, nil)
		if _, err := r.Try(t.Context(), cluster, upgrade.Options{}); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
