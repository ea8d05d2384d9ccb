package chart

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestWithoutOverrides(t *testing.T) {
	for name, c := range map[string]struct{ defaults, user, kept, removed string }{
		"repository":            {"image: {repository: quay.io/a/b, tag: v1}", "image: {repository: reg.corp/a/b, pullPolicy: Always}", "image: {pullPolicy: Always}", "image.repository"},
		"a tag of a copy stays": {"image: {repository: quay.io/a/b, tag: v1}", "image: {repository: reg.corp/a/b, tag: v2}", "image: {tag: v2}", "image.repository"},
		"a tag of a build goes": {"image: {repository: quay.io/a/b, tag: v1}", "image: {repository: reg.corp/our-b, tag: v9, digest: 'sha256:00'}", "image: {}", "image.digest image.repository image.tag"},
		"a tag alone stays":     {"image: {repository: quay.io/a/b, tag: v1}", "image: {tag: v2}", "image: {tag: v2}", ""},
		"registry":              {"image: {registry: docker.io, repository: a/b, tag: v1}", "image: {registry: reg.corp}", "image: {}", "image.registry"},
		"registry not in chart": {"image: {repository: quay.io/a/b, tag: v1}", "image: {registry: reg.corp}", "image: {}", "image.registry"},
		"ingress-nginx":         {"controller: {image: {registry: registry.k8s.io, image: ingress-nginx/controller, tag: v1}}", "controller: {image: {image: corp/controller}}", "controller: {image: {}}", "controller.image.image"},
		"global":                {"global: {imageRegistry: ''}", "global: {imageRegistry: reg.corp, storageClass: fast}", "global: {storageClass: fast}", "global.imageRegistry"},
		"text":                  {"configReloaderImage: quay.io/a/b:v1", "configReloaderImage: reg.corp/our:v1", "{}", "configReloaderImage"},
		"text with its tag":     {"image: quay.io/a/b:v1", "image: reg.corp/a/b:v2", "image: quay.io/a/b:v2", "image"},
		"same repository":       {"image: quay.io/a/b:v1", "image: quay.io/a/b:v2", "image: quay.io/a/b:v2", ""},
		"short name":            {"image: {repository: docker.io/library/busybox, tag: 1}", "image: {repository: busybox, tag: 2}", "image: {repository: busybox, tag: 2}", ""},
		"text over a table":     {"image: {repository: docker.io/envoyproxy/envoy, tag: v1}", "image: reg.corp/envoyproxy/envoy:v1", "{}", "image"},
		"table over a text":     {"image: docker.io/envoyproxy/envoy:v1", "image: {repository: reg.corp/envoyproxy/envoy, tag: v1}", "{}", "image"},
		"subchart":              {"sub: {image: {repository: quay.io/a/b, tag: v1}}", "sub: {image: {repository: reg.corp/b}}", "sub: {image: {}}", "sub.image.repository"},
		"list":                  {"parts: [{name: a, image: 'quay.io/a/a:1'}]", "parts: [{name: a, image: 'reg.corp/a/a:1'}, {name: b, image: 'reg.corp/b:1'}]", "parts: [{name: a, image: 'quay.io/a/a:1'}, {name: b, image: 'reg.corp/b:1'}]", "parts.0.image"},
		"not an image":          {"git: {repository: 'https://a/b'}\nbackup: {repository: a}\nimagePullSecrets: []", "git: {repository: 'https://c/d'}\nbackup: {repository: b}\nimagePullSecrets: [{name: x}]", "git: {repository: 'https://c/d'}\nbackup: {repository: b}\nimagePullSecrets: [{name: x}]", ""},
		"an image of the user":  {"extra: ''", "extra: reg.corp/x:1\nmore: [{image: 'reg.corp/y:1'}]", "extra: reg.corp/x:1\nmore: [{image: 'reg.corp/y:1'}]", ""},
		"a template":            {"image: quay.io/a/b:v1", "image: '{{ .Values.x }}/b:v1'", "image: '{{ .Values.x }}/b:v1'", ""},
	} {
		kept, removed := withoutOverrides(values(t, c.user), values(t, c.defaults))
		var paths []string
		for _, o := range removed {
			paths = append(paths, o.Path)
		}
		if diff := cmp.Diff(values(t, c.kept), kept); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
		if got := strings.Join(paths, " "); got != c.removed {
			t.Errorf("%s: removed %q, want %q", name, got, c.removed)
		}
	}
}

func TestWithoutOverridesDoesNotChangeItsInput(t *testing.T) {
	user := values(t, "image: {repository: reg.corp/a/b}\nparts: [{name: a, image: 'reg.corp/a:1'}]")
	before := values(t, "image: {repository: reg.corp/a/b}\nparts: [{name: a, image: 'reg.corp/a:1'}]")
	withoutOverrides(user, values(t, "image: {repository: quay.io/a/b}\nparts: [{name: a, image: 'quay.io/a:1'}]"))
	if diff := cmp.Diff(before, user); diff != "" {
		t.Error(diff)
	}
}

func TestOrigins(t *testing.T) {
	defaults := values(t, `
image: {repository: quay.io/a/b, tag: v1}
other: {registry: docker.io, repository: c/d, tag: v1}
text: {someImage: "ghcr.io/e/f:v1"}
third: {image: "quay.io/k/same:v1"}`)
	user := values(t, `
global: {imageRegistry: reg.corp}
image: {repository: reg.corp/mirror/b}
text: {someImage: "reg.corp/build:v3"}`)
	_, removed := withoutOverrides(user, defaults)
	o := findOrigins(user, defaults, removed)
	for reference, want := range map[string]string{
		"reg.corp/mirror/b:v7":     "quay.io/a/b:v7",
		"reg.corp/c/d:v1":          "docker.io/c/d:v1",
		"reg.corp/k/same:v1":       "quay.io/k/same:v1",
		"reg.corp/build:v3":        "",
		"reg.corp/unknown:v1":      "",
		"quay.io/something/else:1": "quay.io/something/else:1",
	} {
		got, ok := o.original(reference)
		if !ok {
			got = ""
		}
		if got != want {
			t.Errorf("%s: %q, want %q", reference, got, want)
		}
	}
}
