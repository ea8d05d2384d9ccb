package chart

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func parent(t *testing.T) *Chart {
	return chartOf(t, map[string]string{
		"Chart.yaml":  "apiVersion: v2\nname: parent\nversion: 1.0.0\ndependencies: [{name: sub, version: 1.x, alias: other, condition: other.enabled}, {name: lib, version: 1.x}]\n",
		"values.yaml": "image: quay.io/a/b:1\nother: {enabled: true, tag: v2}\nglobal: {hub: x}\n",
		"templates/a.yaml": "---# joined with its comment\n" + pod("{{ .Values.image }}") + "---apiVersion: v1\nkind: Pod\nmetadata: {name: r{{ .Release.Revision }}-{{ .Release.IsUpgrade }}}\n" +
			"{{ with .Values.gone }}{{ .registry }}{{ end }}{{ if false }}{{ ((.Values.a).b).c }}{{ include \"lib\" . }}{{ end }}",
		"templates/NOTES.txt":         "read me",
		"templates/empty.yaml":        "{{ if false }}x{{ end }}",
		"crds/crd.yaml":               "kind: CustomResourceDefinition\n",
		"charts/sub/Chart.yaml":       "apiVersion: v2\nname: sub\nversion: 1.2.0\n",
		"charts/sub/values.yaml":      "tag: v1\nname: s\n",
		"charts/sub/templates/a.yaml": pod("quay.io/a/{{ .Values.name }}:{{ .Values.tag }}{{ .Values.global.imageRegistry }}"),
		"charts/lib/Chart.yaml":       "apiVersion: v2\nname: lib\nversion: 1.0.0\ntype: library\n",
		"charts/lib/templates/_l.tpl": `{{ define "lib" }}{{ .Values.image.repository }}{{ .global.mirror }}{{ end }}`,
	})
}

func TestTexts(t *testing.T) {
	for _, r := range []*Renderer{new(Renderer), workers(t)} {
		texts, err := r.Texts(t.Context(), parent(t), values(t, "other: {tag: v3}"), ReleaseOptions{Release: "r", Namespace: "n", Revision: 2})
		if err != nil {
			t.Fatal(err)
		}
		if len(texts) != 2 || !strings.Contains(texts["parent/charts/other/templates/a.yaml"], "quay.io/a/s:v3") {
			t.Errorf("%q", texts)
		}
		if own := texts["parent/templates/a.yaml"]; !strings.Contains(own, "---\n# joined") || !strings.Contains(own, "---\napiVersion: v1\nkind: Pod\nmetadata: {name: r2-true}") {
			t.Error(own)
		}
	}
}

func TestTextsOfAPart(t *testing.T) {
	texts := small(pod("quay.io/a/own:1"))
	texts["Chart.yaml"] += "dependencies: [{name: gone, version: 1.0.0, repository: 'https://charts.example.com'}]\n"
	for _, r := range []*Renderer{new(Renderer), workers(t)} {
		rendered, err := r.Texts(t.Context(), chartOf(t, texts), nil, ReleaseOptions{})
		var missing *MissingError
		if !errors.As(err, &missing) || len(rendered) != 1 {
			t.Errorf("%v %q", err, rendered)
		}
		if _, err := r.Texts(t.Context(), chartOf(t, small("{{ range until 100000 }}# {{ repeat 1000 \"x\" }}{{ end }}")), nil, ReleaseOptions{}); err == nil {
			t.Error("more is rendered than is read")
		}
	}
}

func TestValues(t *testing.T) {
	all, err := parent(t).Values(values(t, "image: x\nother: {name: mine}"))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(values(t, "image: x\nglobal: {hub: x}\nother: {enabled: true, tag: v2, name: mine, global: {hub: x}}\nlib: {global: {hub: x}}"), all); diff != "" {
		t.Error(diff)
	}
	off, err := parent(t).Values(values(t, "other: {enabled: false}"))
	if other, _ := off["other"].(map[string]any); err != nil || other["name"] != nil {
		t.Error(err, off)
	}
}

func TestMentions(t *testing.T) {
	m, err := parent(t).Mentions(nil)
	if err != nil {
		t.Fatal(err)
	}
	var paths []string
	for _, path := range m.Paths {
		paths = append(paths, strings.Join(path, "."))
	}
	want := "a.b.c global.imageRegistry global.mirror gone image image.repository other.global.imageRegistry other.name other.tag"
	if diff := cmp.Diff(strings.Fields(want), paths); diff != "" {
		t.Error(diff)
	}
	if !slices.Contains(m.Fields, "registry") || slices.Contains(m.Fields, "a") {
		t.Error(m.Fields)
	}
}

func TestUpstream(t *testing.T) {
	u, err := simple(t).Upstream(values(t, "image: {repository: reg.corp/x/app, tag: v2}"))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(values(t, "image: {tag: v2}"), u.Values); diff != "" || len(u.Removed) != 1 {
		t.Error(diff)
	}
	for reference, want := range map[string]string{"reg.corp/x/app:v2": "quay.io/a/app:v2", "quay.io/a/extra:1": "quay.io/a/extra:1", "reg.corp/y:1": ""} {
		if name, ok := u.Name(reference); ok != (want != "") || ok && name != want {
			t.Errorf("%s: %s %t", reference, name, ok)
		}
	}
	names, err := Names(u, map[string]string{"p": "reg.corp/x/app:v2"}, nil)
	if err != nil || len(names) > 0 {
		t.Errorf("without the overrides, nothing is on their registry: %v, %v", names, err)
	}
}
