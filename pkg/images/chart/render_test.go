package chart

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestRender(t *testing.T) {
	c := chartOf(t, map[string]string{
		"Chart.yaml":         "apiVersion: v2\nname: parent\nversion: 1.0.0\nappVersion: v7\ndependencies: [{name: sub, version: 1.x, alias: other, condition: other.enabled}]\n",
		"values.yaml":        "image: {repository: quay.io/a/app}\nother: {enabled: true}\n",
		"templates/app.yaml": pod("{{ .Values.image.repository }}:{{ .Values.image.tag | default .Chart.AppVersion }}"),
		"templates/hook.yaml": strings.Replace(pod("quay.io/a/hook:{{ .Capabilities.KubeVersion.Version }}"), "{name: p}",
			"{name: h, annotations: {helm.sh/hook: 'pre-install,test'}}", 1),
		"templates/api.yaml":          "{{ if .Capabilities.APIVersions.Has \"x/v1\" }}\n" + pod("quay.io/a/x:1") + "{{ end }}",
		"templates/NOTES.txt":         "image: not/an:image",
		"templates/look.yaml":         pod("quay.io/a/{{ if lookup \"v1\" \"Secret\" \"\" \"\" }}found{{ else }}empty{{ end }}:1"),
		"templates/dns.yaml":          pod("quay.io/a/dns{{ getHostByName \"localhost\" }}:1"),
		"charts/sub/Chart.yaml":       "apiVersion: v2\nname: sub\nversion: 1.2.0\n",
		"charts/sub/values.yaml":      "tag: v3\n",
		"charts/sub/templates/a.yaml": pod("quay.io/a/sub:{{ .Values.tag }}"),
		"crds/crd.yaml":               "apiVersion: v1\nkind: Pod\nmetadata: {name: crd}\nspec: {containers: [{name: c, image: quay.io/a/crd:1}]}\n",
	})
	target := ReleaseOptions{Release: "r", Namespace: "n", Kubernetes: "v1.34.9", APIs: []string{"x/v1"}}
	user := values(t, "image: {repository: reg.corp/a/app}\nother: {tag: v4}")
	r := workers(t)
	result, err := r.Render(t.Context(), c, user, false, target)
	if err != nil {
		t.Fatal(err)
	}
	want := []string{
		"quay.io/a/app:v7", "quay.io/a/crd:1", "quay.io/a/dns:1", "quay.io/a/empty:1",
		"quay.io/a/hook:v1.34.9", "quay.io/a/sub:v4", "quay.io/a/x:1",
	}
	if diff := cmp.Diff(want, references(result.Hits)); diff != "" {
		t.Error(diff)
	}
	if len(result.Removed) != 1 || result.Removed[0].Path != "image.repository" || len(result.Unexplained) != 0 {
		t.Errorf("%+v", result)
	}
	kept, err := r.Render(t.Context(), c, values(t, "image: {repository: reg.corp/a/app}\nother: {enabled: false}"), true, target)
	want[0], want[5] = "quay.io/a/x:1", "reg.corp/a/app:v7"
	if diff := cmp.Diff(append(want[1:5:5], want[0], want[5]), references(kept.Hits)); diff != "" || err != nil {
		t.Error(err, diff)
	}
}

// TestBadTemplates wants every bad chart to be an error soon, and the good one after it to
// render all the same.
func TestBadTemplates(t *testing.T) {
	r := workers(t)
	for name, c := range map[string]struct{ template, values, want string }{
		"panic":      {`{{ repeat -1 "x" }}`, "", "Repeat"},
		"syntax":     {"{{ if }}", "", "templates/all.yaml:1"},
		"fail":       {`{{ fail "not like this" }}`, "", "not like this"},
		"include":    {`{{ define "x" }}{{ include "x" . }}{{ end }}{{ include "x" . }}`, "", "nested reference name"},
		"template":   {`{{ define "x" }}{{ template "x" . }}{{ end }}{{ template "x" . }}`, "", ""},
		"tpl":        {`{{ tpl .Values.again . }}`, "again: '{{ tpl .Values.again . }}'", ""},
		"memory":     {`{{ $s := "x" }}{{ range until 60 }}{{ $s = print $s $s }}{{ end }}`, "", "takes more than"},
		"no YAML":    {"a: [", "", "templates/all.yaml"},
		"much":       {`{{ range until 70 }}# {{ repeat 1000000 "x" }}{{ end }}`, "", "the limit of 16 MiB"},
		"newer":      {"", "", "requires Kubernetes >=1.99"},
		"a list":     {"- 1\n- 2", "", "templates/all.yaml"},
		"no version": {"", "", "Kubernetes"},
	} {
		t.Run(name, func(t *testing.T) {
			texts := small(c.template)
			texts["values.yaml"] = c.values
			target := ReleaseOptions{Kubernetes: "v1.34.0"}
			if name == "newer" {
				texts["Chart.yaml"] += "kubeVersion: '>=1.99'\n"
			}
			if name == "no version" {
				texts["Chart.yaml"] += "kubeVersion: '>=1.2'\n"
				target.Kubernetes = "Kubernetes"
			}
			start := time.Now()
			_, err := r.Render(t.Context(), chartOf(t, texts), nil, false, target)
			if err == nil || !strings.Contains(err.Error(), c.want) || len(err.Error()) > 1000 {
				t.Errorf("%v, want %q", err, c.want)
			}
			if took := time.Since(start); took > renderTime+5*time.Second {
				t.Errorf("it took %s", took)
			}
		})
	}
	result, err := r.Render(t.Context(), chartOf(t, small(pod("quay.io/a/good:1"))), nil, false, ReleaseOptions{})
	if err != nil || len(result.Hits) != 1 {
		t.Errorf("%+v, %v", result, err)
	}
}

func TestEnvironmentIsNotThere(t *testing.T) {
	t.Setenv("SECRET", "hunter2")
	for _, template := range []string{`{{ env "SECRET" }}`, `{{ expandenv "$SECRET" }}`} {
		if _, err := new(Renderer).Render(t.Context(), chartOf(t, small(template)), nil, false, ReleaseOptions{}); err == nil {
			t.Errorf("%s: no error", template)
		}
	}
}

func TestSchemasAreNotEvaluated(t *testing.T) {
	texts := small(pod("quay.io/a/b:1"))
	texts["values.schema.json"] = `{"$ref": "http://127.0.0.1:1/schema.json"}`
	if _, err := new(Renderer).Render(t.Context(), chartOf(t, texts), nil, false, ReleaseOptions{}); err != nil {
		t.Error(err)
	}
}

func TestMissingSubchart(t *testing.T) {
	texts := small(pod("quay.io/a/own:1"))
	texts["Chart.yaml"] += "dependencies: [{name: gone, version: 1.0.0, repository: 'https://charts.example.com', condition: gone.enabled}]\n"
	c := chartOf(t, texts)
	for _, r := range []*Renderer{new(Renderer), workers(t)} {
		result, err := r.Render(t.Context(), c, nil, false, ReleaseOptions{})
		var missing *MissingError
		if !errors.As(err, &missing) || len(missing.Subcharts) != 1 || !strings.HasPrefix(missing.Subcharts[0], "gone 1.0.0") {
			t.Error(err)
		}
		if diff := cmp.Diff([]string{"quay.io/a/own:1"}, references(result.Hits)); diff != "" {
			t.Error(diff)
		}
		if _, err := r.Render(t.Context(), c, values(t, "gone: {enabled: false}"), false, ReleaseOptions{}); err != nil {
			t.Error(err)
		}
	}
}

// TestRenderedOnce counts renderings by what they leave: equal ones share their hits.
func TestRenderedOnce(t *testing.T) {
	c, same := chartOf(t, small(pod("quay.io/a/b:1"))), chartOf(t, small(pod("quay.io/a/b:1")))
	var r Renderer
	first, err := r.Render(t.Context(), c, values(t, "a: 1"), false, ReleaseOptions{Kubernetes: "v1.33.0"})
	if err != nil {
		t.Fatal(err)
	}
	again, _ := r.Render(t.Context(), same, values(t, "a: 1"), false, ReleaseOptions{Kubernetes: "v1.34.0"}) // which it does not ask for
	other, _ := r.Render(t.Context(), c, values(t, "a: 2"), false, ReleaseOptions{Kubernetes: "v1.33.0"})
	if &first.Hits[0] != &again.Hits[0] || &first.Hits[0] == &other.Hits[0] {
		t.Error("it is rendered again if, and only if, chart or values differ")
	}
	asks := chartOf(t, small(pod("quay.io/a/b:{{ .Capabilities.KubeVersion.Minor }}")))
	one, _ := r.Render(t.Context(), asks, nil, false, ReleaseOptions{Kubernetes: "v1.33.0"})
	two, _ := r.Render(t.Context(), asks, nil, false, ReleaseOptions{Kubernetes: "v1.34.0"})
	if one.Hits[0].Reference != "quay.io/a/b:33" || two.Hits[0].Reference != "quay.io/a/b:34" {
		t.Error(one, two)
	}
}

func TestInterrupted(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
	defer cancel()
	c := chartOf(t, small(`{{ range until 10000000 }}{{ range until 10000000 }}{{ end }}{{ end }}`))
	start := time.Now()
	if _, err := workers(t).Render(ctx, c, nil, false, ReleaseOptions{}); !errors.Is(err, context.DeadlineExceeded) || time.Since(start) > 5*time.Second {
		t.Error(err, time.Since(start))
	}
}
