package chart

import (
	"encoding/json"
	"testing"

	"github.com/google/go-cmp/cmp"
	helm "helm.sh/helm/v3/pkg/chart"
	"helm.sh/helm/v3/pkg/chartutil"
)

// stored is a chart as Helm stores it with a release: processed, and without subcharts.
func stored(t *testing.T, c *Chart, config map[string]any) json.RawMessage {
	t.Helper()
	opened, err := c.open()
	if err != nil {
		t.Fatal(err)
	}
	if err := chartutil.ProcessDependenciesWithMerge(opened, config); err != nil {
		t.Fatal(err)
	}
	data, err := json.Marshal(opened)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func none(string, string) *Chart { return nil }

func simple(t *testing.T) *Chart {
	texts := small(pod("{{ .Values.image.repository }}:{{ .Values.image.tag }}") + "---\n" + pod("{{ .Values.extra }}"))
	texts["values.yaml"] = "image: {repository: quay.io/a/app, tag: v1}\nextra: quay.io/a/extra:1\n"
	return chartOf(t, texts)
}

func umbrella(t *testing.T, whole bool) *Chart {
	texts := map[string]string{
		"Chart.yaml":        "apiVersion: v2\nname: umbrella\nversion: 1.0.0\ndependencies: [{name: sub, version: 1.x, alias: other, repository: 'https://charts.example.com'}]\n",
		"values.yaml":       "image: quay.io/a/umbrella:v1\n",
		"templates/a.yaml":  pod("{{ .Values.image }}"),
		"templates/cm.yaml": "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: c}\n",
	}
	if whole {
		texts["charts/sub/Chart.yaml"] = "apiVersion: v2\nname: sub\nversion: 1.2.0\n"
		texts["charts/sub/values.yaml"] = "image: {registry: quay.io, repository: a/sub, tag: v3}\n"
		texts["charts/sub/templates/a.yaml"] = pod("{{ .Values.image.registry }}/{{ .Values.image.repository }}:{{ .Values.image.tag }}")
	}
	return chartOf(t, texts)
}

func TestInstalled(t *testing.T) {
	for name, c := range map[string]struct {
		chart       *Chart
		config      string
		manifests   []string
		copies      func(string, string) *Chart
		keep        bool
		want        []string
		removed     int
		unexplained []string
	}{
		"as it is": {
			chart: simple(t), manifests: []string{pod("quay.io/a/app:v1"), pod("quay.io/a/hook:1")}, copies: none,
			want: []string{"quay.io/a/app:v1", "quay.io/a/hook:1"},
		},
		"overridden": {
			chart: simple(t), config: "image: {repository: reg.corp/a/app, tag: v2}", copies: none, removed: 1,
			manifests: []string{pod("reg.corp/a/app:v2"), pod("quay.io/a/extra:1")}, want: []string{"quay.io/a/app:v2", "quay.io/a/extra:1"},
		},
		"kept": {
			chart: simple(t), config: "image: {repository: reg.corp/a/app}", copies: none, keep: true,
			manifests: []string{pod("reg.corp/a/app:v1")}, want: []string{"reg.corp/a/app:v1"},
		},
		"subcharts are not stored": {
			chart: umbrella(t, true), config: "other: {image: {registry: reg.corp}}", copies: none, removed: 1,
			manifests: []string{pod("quay.io/a/umbrella:v1"), pod("reg.corp/a/sub:v3")}, want: []string{"quay.io/a/sub:v3", "quay.io/a/umbrella:v1"},
		},
		"subcharts of a copy": {
			chart: umbrella(t, true), config: "other: {image: {registry: reg.corp}}", removed: 1,
			copies:    func(string, string) *Chart { return umbrella(t, true) },
			manifests: []string{pod("quay.io/a/umbrella:v1"), pod("reg.corp/a/sub:v3")}, want: []string{"quay.io/a/sub:v3", "quay.io/a/umbrella:v1"},
		},
		"a copy that is not whole": {
			chart: umbrella(t, true), config: "other: {image: {registry: reg.corp}}", removed: 1,
			copies:    func(string, string) *Chart { return umbrella(t, false) },
			manifests: []string{pod("quay.io/a/umbrella:v1"), pod("reg.corp/a/sub:v3")}, want: []string{"quay.io/a/sub:v3", "quay.io/a/umbrella:v1"},
		},
		"unexplained": {
			chart: umbrella(t, true), config: "other: {image: {registry: reg.corp}}", copies: none, removed: 1,
			manifests: []string{pod("reg.corp/x/sidecar:1")}, unexplained: []string{"reg.corp/x/sidecar:1"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			config := values(t, c.config)
			release := InstalledRelease{Stored: stored(t, c.chart, config), Config: config, Manifests: c.manifests}
			result, err := new(Renderer).Installed(t.Context(), release, c.copies, c.keep)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(c.want, references(result.Hits)); diff != "" {
				t.Error(diff)
			}
			if diff := cmp.Diff(c.unexplained, references(result.Unexplained)); diff != "" {
				t.Error(diff)
			}
			if len(result.Removed) != c.removed {
				t.Errorf("%v", result.Removed)
			}
		})
	}
}

func TestInstalledWithABadChart(t *testing.T) {
	for _, text := range []string{"{", "{}", `{"metadata":{"name":"x"}}`, `{"metadata":{"name":"x","version":"1"},"templates":[null]}`} {
		result, err := new(Renderer).Installed(t.Context(), InstalledRelease{
			Stored: json.RawMessage(text), Config: values(t, "image: x"), Manifests: []string{pod("quay.io/a/b:1")},
		}, none, false)
		if len(result.Hits) != 1 {
			t.Errorf("%s: what is installed is known all the same: %v", text, err)
		}
	}
}

func FuzzStored(f *testing.F) {
	opened := &helm.Chart{Metadata: &helm.Metadata{Name: "x", Version: "1.0.0", APIVersion: "v2"}}
	data, err := json.Marshal(opened)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(data, `{"image":"a/b:c"}`)
	f.Add(data, `{"kkp-mirror.dev/upstream":{"a.b/c":"d.e/c"},"list":[{"name":"x","image":"a.b/c"}]}`)
	f.Fuzz(func(t *testing.T, text []byte, config string) {
		var values map[string]any
		_ = json.Unmarshal([]byte(config), &values)
		_, _ = new(Renderer).Installed(t.Context(), InstalledRelease{Stored: text, Config: values}, none, false)
	})
}
