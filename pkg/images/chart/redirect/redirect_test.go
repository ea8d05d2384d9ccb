package redirect

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/chart"
)

const digest = "sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

// shape is a way in which charts write images, and what redirects it.
type shape struct {
	templates string
	values    string
	files     map[string]string // more of them
	config    string            // of the user
	want      string            // the override, without the record
	recorded  string            // upstream names in the record
	left      string
	derived   string
}

func shapes() map[string]shape {
	return map[string]shape{
		"registry and repository": {
			templates: pod("p", "{{ .Values.image.registry }}/{{ .Values.image.repository }}:{{ .Values.image.tag }}"),
			values:    "image: {registry: quay.io, repository: a/b, tag: v1}",
			want:      "image: {registry: reg.corp:5000/kkp}",
		},
		"registry, repository and image": {
			templates: pod("p", "{{ .Values.registry }}/{{ .Values.repository }}/{{ .Values.image }}:v1", "{{ .Values.registry }}/c/d:v1"),
			values:    "{registry: quay.io, repository: a, image: b}",
			want:      "registry: reg.corp:5000/kkp",
		},
		"a whole reference": {
			templates: pod("p", "{{ .Values.image }}", "{{ .Values.images.other }}"),
			values:    "image: quay.io/a/b:v1@" + digest + "\nimages: {other: nginx}",
			want:      "image: reg.corp:5000/kkp/a/b:v1@" + digest + "\nimages: {other: reg.corp:5000/kkp/library/nginx}",
		},
		"one registry for all": {
			templates: pod("p", "{{ .Values.global.imageRegistry | default .Values.a.registry }}/a/b:v1", "{{ .Values.global.imageRegistry | default .Values.c.registry }}/c/d:v1"),
			values:    "global: {}\na: {registry: quay.io}\nc: {registry: ghcr.io}",
			want:      "global: {imageRegistry: reg.corp:5000/kkp}",
			recorded:  `{"reg.corp:5000/kkp/a/b": quay.io/a/b, "reg.corp:5000/kkp/c/d": ghcr.io/c/d}`,
		},
		"one registry for all that lands elsewhere, too": {
			templates: pod("p", "{{ .Values.global.imageRegistry | default .Values.a.registry }}/a/b:v1", "{{ .Values.global.imageRegistry | default .Values.c.registry }}/c/d:v1") +
				"---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: c}\ndata: {registry: \"{{ .Values.global.imageRegistry }}\"}\n",
			values:   "global: {imageRegistry: \"\"}\na: {registry: quay.io}\nc: {registry: ghcr.io}",
			want:     "a: {registry: reg.corp:5000/kkp}\nc: {registry: reg.corp:5000/kkp}",
			recorded: `{"reg.corp:5000/kkp/a/b": quay.io/a/b, "reg.corp:5000/kkp/c/d": ghcr.io/c/d}`,
		},
		"docker's own images": {
			templates: pod("p", "{{ .Values.registry }}/{{ .Values.web }}:1", "{{ .Values.registry }}/{{ .Values.db }}:1"),
			values:    "{registry: docker.io, web: nginx, db: bitnami/redis}",
			want:      "{registry: reg.corp:5000/kkp, web: library/nginx}",
		},
		"a registry that is not set": {
			templates: pod("p", "{{ with .Values.image }}{{ if .registry }}{{ .registry }}/{{ end }}{{ .repository }}:{{ .tag }}{{ end }}", "{{ with .Values.prefix }}{{ . }}/{{ end }}c/d:1"),
			values:    "image: {registry: ~, repository: a/b, tag: v1}\nprefix: \"\"",
			want:      "image: {repository: reg.corp:5000/kkp/a/b}\nprefix: reg.corp:5000/kkp",
			recorded:  `{"reg.corp:5000/kkp/c/d": docker.io/c/d}`,
		},
		"a key that the values do not have": {
			templates: pod("p", "{{ .Values.image.hub | default \"quay.io\" }}/a/b:{{ .Values.image.tag }}"),
			values:    "image: {tag: v1}",
			want:      "image: {hub: reg.corp:5000/kkp}",
			recorded:  `{"reg.corp:5000/kkp/a/b": quay.io/a/b}`,
		},
		"subcharts": {
			templates: pod("p", "{{ .Values.image }}"),
			values:    "image: quay.io/a/b:1",
			files: map[string]string{
				"Chart.yaml":                  "apiVersion: v2\nname: small\nversion: 1.2.3\ndependencies: [{name: sub, version: 1.x, alias: one}, {name: sub, version: 1.x, alias: two}, {name: lib, version: 1.x}]\n",
				"charts/sub/Chart.yaml":       "apiVersion: v2\nname: sub\nversion: 1.0.0\n",
				"charts/sub/values.yaml":      "image: {repository: quay.io/s/sub}\n",
				"charts/sub/templates/s.yaml": pod("{{ .Chart.Name }}", "{{ include \"lib.image\" . }}:1"),
				"charts/lib/Chart.yaml":       "apiVersion: v2\nname: lib\nversion: 1.0.0\ntype: library\n",
				"charts/lib/templates/_l.tpl": `{{ define "lib.image" }}{{ .Values.image.repository }}{{ end }}`,
			},
			want: "image: reg.corp:5000/kkp/a/b:1\none: {image: {repository: reg.corp:5000/kkp/s/sub}}\ntwo: {image: {repository: reg.corp:5000/kkp/s/sub}}",
		},
		"lists": {
			templates: pod("p", "{{ (index .Values.parts 1).image }}:1") + "  - {name: d, image: x.io/c:1, args: {{ .Values.args | toJson }}}\n",
			values:    "parts: [{name: a, image: none}, {name: b, image: quay.io/a/b}]\nargs: [\"--sidecar-image=quay.io/s/c:1\", \"--level=2\"]",
			want:      "parts: [{name: a, image: none}, {name: b, image: reg.corp:5000/kkp/a/b}]\nargs: [\"--sidecar-image=reg.corp:5000/kkp/s/c:1\", \"--level=2\"]",
			left:      "x.io/c:1: no value sets the reference",
			recorded:  `{"reg.corp:5000/kkp/s/c": quay.io/s/c}`,
		},
		"templates in values": {
			templates: pod("p", "{{ tpl .Values.image . }}", "{{ tpl .Values.other . }}"),
			values:    "version: v1\nhub: ghcr.io\nimage: \"quay.io/a/b:{{ .Values.version }}\"\nother: \"{{ .Values.hub }}/c/d:1\"",
			want:      "hub: reg.corp:5000/kkp\nimage: reg.corp:5000/kkp/a/b:v1",
			recorded:  `{"reg.corp:5000/kkp/a/b": quay.io/a/b}`,
		},
		"no value": {
			templates: pod("p", "quay.io/a/b:v1", "quay.io/{{ .Values.name }}:v1"),
			values:    "name: c/d",
			left:      "quay.io/a/b:v1: no value sets the reference\nquay.io/c/d:v1: name sets a part of the reference, but not its registry",
		},
		"on the mirror already": {
			templates: pod("p", "{{ .Values.a }}", "{{ .Values.b }}"), values: "{a: 'quay.io/a/b:1', b: 'quay.io/c/d:1'}",
			config: "a: reg.corp:5000/kkp/a/b:1", want: "b: reg.corp:5000/kkp/c/d:1",
		},
		"on another mirror": {
			templates: pod("p", "{{ .Values.image.repository }}:{{ .Values.image.tag }}"), values: "image: {repository: ghcr.io/dexidp/dex, tag: v1}",
			config: "image: {repository: old.corp/x/dex, tag: v2}", want: "image: {repository: reg.corp:5000/kkp/dexidp/dex}",
		},
		"a build of the user's": {
			templates: pod("p", "{{ .Values.image.repository }}:{{ .Values.image.tag }}", "{{ .Values.extra }}"), values: "image: {repository: ghcr.io/dexidp/dex, tag: v1}\nextra: ''",
			config: "image: {repository: old.corp/x/mydex, tag: v2}\nextra: old.corp/x/sidecar:1",
			left: "old.corp/x/mydex:v2: the values set this image in place of ghcr.io/dexidp/dex:v1, and its upstream name is unknown\n" +
				"old.corp/x/sidecar:1: the image is on a registry that only the values name, and its upstream name is unknown",
		},
		"images that only the user's values name": {
			templates: pod("p", "{{ .Values.image }}", "{{ .Values.sidecar.image }}", "{{ with .Values.more }}{{ .registry }}/{{ .repository }}:1{{ end }}"),
			values:    "image: quay.io/a/b:1\nsidecar: {}",
			config:    "sidecar: {image: 'ghcr.io/x/y:1@" + digest + "'}\nmore: {registry: quay.io, repository: d/e}",
			want:      "image: reg.corp:5000/kkp/a/b:1\nsidecar: {image: 'reg.corp:5000/kkp/x/y:1@" + digest + "'}\nmore: {registry: reg.corp:5000/kkp}",
			recorded:  `{"reg.corp:5000/kkp/x/y": ghcr.io/x/y, "reg.corp:5000/kkp/d/e": quay.io/d/e}`,
		},
		"what follows": {
			templates: "{{ $config := printf \"image: %s/a/b:1\\nother: x\\n\" .Values.registry }}" +
				"---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: c}\ndata: {f: {{ $config | toJson }}, names: \"{{ .Values.registry }}/a/b\"}\n" +
				"---\napiVersion: v1\nkind: Secret\nmetadata: {name: s}\ndata: {f: {{ $config | b64enc }}}\n" +
				"---\napiVersion: v1\nkind: Pod\nmetadata: {name: p, annotations: {checksum/config: {{ sha256sum $config }}, random: {{ randAlpha 9 }}}}\nspec: {containers: []}\n",
			values:  "registry: quay.io",
			want:    "registry: reg.corp:5000/kkp",
			derived: "ConfigMap c data.names, Pod p metadata.annotations[\"checksum/config\"], Secret s data.f.image",
		},
		"another use": {
			templates: pod("p", "{{ .Values.registry }}/a/b:1") + "---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: c}\ndata: {host: \"{{ .Values.registry }}\"}\n",
			values:    "registry: quay.io",
			left:      "quay.io/a/b:1: registry changes more than images",
		},
		"values that choose": {
			templates: "{{ if not (has .Values.target (list \"all/in\" \"one\")) }}{{ fail \"target\" }}{{ end }}" + pod("p", "{{ .Values.image }}"),
			values:    "target: all/in\nimage: quay.io/all/in:1",
			want:      "image: reg.corp:5000/kkp/all/in:1",
		},
		"several in one text": {
			templates: pod("p") + "  - {name: c, image: x.io/c:1, args: [\"--images={{ .Values.a }},{{ .Values.b }}\"]}\n",
			values:    "{a: 'quay.io/a/b:1', b: 'quay.io/c/d:1'}",
			want:      "{a: 'reg.corp:5000/kkp/a/b:1', b: 'reg.corp:5000/kkp/c/d:1'}",
			left:      "x.io/c:1: no value sets the reference",
		},
		"parts in a resource": {
			templates: "---\napiVersion: x/v1\nkind: Thing\nmetadata: {name: t}\nspec: {image: {registry: {{ .Values.r }}, repository: {{ .Values.p }}, tag: v1}}\n",
			values:    "{r: quay.io, p: a/b}",
			want:      "r: reg.corp:5000/kkp",
		},
	}
}

func TestFind(t *testing.T) {
	r := &chart.Renderer{}
	for name, s := range shapes() {
		t.Run(name, func(t *testing.T) {
			files := map[string]string{"templates/all.yaml": s.templates, "values.yaml": s.values}
			for name, text := range s.files {
				files[name] = text
			}
			c := chartOf(t, files)
			release := installed(t, r, c, values(t, s.config))
			found, err := Find(t.Context(), r, c, release, mirror(t, "reg.corp:5000/kkp"))
			if err != nil {
				t.Fatal(err)
			}
			want := values(t, s.want)
			if s.recorded != "" {
				want["kkp-mirror.dev/upstream"] = values(t, s.recorded)
			}
			if diff := cmp.Diff(want, found.Values); diff != "" {
				t.Error(diff)
			}
			if diff := cmp.Diff(s.left, left(found)); diff != "" {
				t.Error(diff)
			}
			var derived []string
			for _, change := range found.Derived {
				derived = append(derived, change.String())
			}
			if diff := cmp.Diff(s.derived, strings.Join(derived, ", ")); diff != "" {
				t.Error(diff)
			}
			if found.Renders > 60 {
				t.Errorf("%d renderings", found.Renders)
			}
			if name != "what follows" { // where something changes with each rendering
				check(t, r, c, release, found)
			}
		})
	}
}

// TestARecordChangesOnlyImages has a chart that prints how many values there are: a record would change more than images.
func TestARecordChangesOnlyImages(t *testing.T) {
	r := &chart.Renderer{}
	c := chartOf(t, map[string]string{
		"templates/all.yaml": pod("p", "{{ .Values.image }}") + "---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: c}\ndata: {count: \"{{ len .Values }}\"}\n",
		"values.yaml":        "image: ''",
	})
	release := installed(t, r, c, values(t, "image: ghcr.io/x/y:1"))
	found, err := Find(t.Context(), r, c, release, mirror(t, "reg.corp"))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(values(t, "image: reg.corp/x/y:1"), found.Values); diff != "" {
		t.Error(diff)
	}
	check(t, r, c, release, found)
}

func TestFindKeys(t *testing.T) {
	r := &chart.Renderer{}
	c := chartOf(t, map[string]string{
		"templates/all.yaml": pod("p", "{{ (index .Values.a 0).image }}:1", "{{ index .Values.b \"x.y\" }}"), "values.yaml": "a: [{image: quay.io/a/b}]\nb: {x.y: 'quay.io/c/d:1'}",
	})
	found, err := Find(t.Context(), r, c, installed(t, r, c, nil), mirror(t, "reg.corp"))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"a[0].image", `b.x\.y`}, found.Keys); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]string{"a"}, found.Lists); diff != "" {
		t.Error(diff)
	}
}

func TestNotTheInstalledChart(t *testing.T) {
	r := &chart.Renderer{}
	c := chartOf(t, map[string]string{"templates/all.yaml": pod("p", "{{ .Values.image }}"), "values.yaml": "image: quay.io/a/b:1"})
	release := installed(t, r, c, nil)
	other := chartOf(t, map[string]string{"templates/all.yaml": pod("p", "{{ .Values.image }}"), "values.yaml": "image: quay.io/a/b:2"})
	_, err := Find(t.Context(), r, other, release, mirror(t, "reg.corp"))
	var mismatch *MismatchError
	if !errors.As(err, &mismatch) || !strings.Contains(err.Error(), "Pod p, spec.containers[0].image is quay.io/a/b:1") {
		t.Error(err)
	}
	part := chartOf(t, map[string]string{"Chart.yaml": "apiVersion: v2\nname: small\nversion: 1.2.3\ndependencies: [{name: gone, version: 1.0.0}]\n"})
	_, err = Find(t.Context(), r, part, release, mirror(t, "reg.corp"))
	var missing *chart.MissingError
	if !errors.As(err, &missing) {
		t.Error(err)
	}
}

// TestBounds gives a chart that needs more renderings than there are: it is given up, and
// what was not reached is said.
func TestBounds(t *testing.T) {
	var text, names strings.Builder
	for i := range 400 {
		name := "v" + strings.Repeat("x", i%7) + string(rune('a'+i%26)) + strings.Repeat("y", i/26)
		names.WriteString(name + ": quay.io/a\n")
		text.WriteString("{{ if ne .Values." + name + " \"quay.io/a\" }}{{ fail \"no\" }}{{ end }}")
	}
	c := chartOf(t, map[string]string{"templates/all.yaml": text.String() + pod("p", "{{ .Values.image }}"), "values.yaml": names.String() + "image: quay.io/a/b:1"})
	r := &chart.Renderer{}
	found, err := Find(t.Context(), r, c, installed(t, r, c, nil), mirror(t, "reg.corp"))
	if err != nil {
		t.Fatal(err)
	}
	if found.Renders > maxTraces+maxProofs || found.Count(Redirected) == 0 && !strings.Contains(left(found), "stopped after") {
		t.Errorf("%d renderings: %s", found.Renders, left(found))
	}
}
