package chart

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestRecordsAreChecked reads releases whose values have been forged, or changed after they were written.
func TestRecordsAreChecked(t *testing.T) {
	texts := small(pod("{{ .Values.image.repository }}:{{ .Values.image.tag }}") + "---\n" + pod("{{ .Values.extra }}") + "---\n" + pod("{{ .Values.sidecar }}"))
	texts["values.yaml"] = "image: {repository: quay.io/a/app, tag: v1}\nextra: quay.io/a/extra:1\n"
	c := chartOf(t, texts)
	for name, s := range map[string]struct {
		record, sidecar string
		want            string
	}{
		"a record":                   {"{reg.corp/kkp/x/y: ghcr.io/x/y}", "reg.corp/kkp/x/y:1", "ghcr.io/x/y:1"},
		"another tag later":          {"{reg.corp/kkp/x/y: ghcr.io/x/y}", "reg.corp/kkp/x/y:2@" + sum, "ghcr.io/x/y:2@" + sum},
		"another image later":        {"{reg.corp/kkp/x/y: ghcr.io/x/y}", "reg.corp/kkp/x/z:1", "reg.corp/kkp/x/z:1"},
		"another mirror later":       {"{reg.corp/kkp/x/y: ghcr.io/x/y}", "other.corp/kkp/x/y:1", "other.corp/kkp/x/y:1"},
		"upstream again":             {"{reg.corp/kkp/x/y: ghcr.io/x/y}", "ghcr.io/x/y:3", "ghcr.io/x/y:3"},
		"another path":               {"{reg.corp/kkp/x/y: ghcr.io/evil/y}", "reg.corp/kkp/x/y:1", "reg.corp/kkp/x/y:1"},
		"part of a path element":     {"{reg.corp/kkp/x/y: ghcr.io/y/y}", "reg.corp/kkp/x/y:1", "reg.corp/kkp/x/y:1"},
		"with a tag":                 {"{reg.corp/kkp/x/y: 'ghcr.io/x/y:9'}", "reg.corp/kkp/x/y:1", "reg.corp/kkp/x/y:1"},
		"without a registry":         {"{reg.corp/kkp/x/y: x/y}", "reg.corp/kkp/x/y:1", "reg.corp/kkp/x/y:1"},
		"no reference":               {"{reg.corp/kkp/x/y: 'https://x/y'}", "reg.corp/kkp/x/y:1", "reg.corp/kkp/x/y:1"},
		"no text":                    {"{reg.corp/kkp/x/y: [1]}", "reg.corp/kkp/x/y:1", "reg.corp/kkp/x/y:1"},
		"no map":                     {"reg.corp/kkp/x/y", "reg.corp/kkp/x/y:1", "reg.corp/kkp/x/y:1"},
		"an image of the chart":      {"{quay.io/a/app: evil.io/a/app, quay.io/a/extra: evil.io/a/extra}", "ghcr.io/x/y:1", "ghcr.io/x/y:1"},
		"a registry of the chart":    {"{quay.io/x/y: evil.io/x/y}", "quay.io/x/y:1", "quay.io/x/y:1"},
		"an image that is not there": {"{reg.corp/x/w: evil.io/x/w}", "ghcr.io/x/y:1", "ghcr.io/x/y:1"},
	} {
		t.Run(name, func(t *testing.T) {
			config := values(t, "sidecar: "+s.sidecar+"\nkkp-mirror.dev/upstream: "+s.record)
			rendered, err := new(Renderer).Texts(t.Context(), c, config, ReleaseOptions{})
			if err != nil {
				t.Fatal(err)
			}
			var manifests []string
			for _, text := range rendered {
				manifests = append(manifests, text)
			}
			result, err := new(Renderer).Installed(t.Context(), InstalledRelease{Stored: stored(t, c, config), Config: config, Manifests: manifests}, none, false)
			if err != nil {
				t.Fatal(err)
			}
			want := []string{s.want, "quay.io/a/app:v1", "quay.io/a/extra:1"}
			slices.Sort(want)
			if diff := cmp.Diff(want, references(result.Hits)); diff != "" || len(result.Unexplained) > 0 {
				t.Errorf("%s %v", diff, result.Unexplained)
			}
		})
	}
}

// TestDefaultsBeforeRecords has a record for an image that the default values explain.
func TestDefaultsBeforeRecords(t *testing.T) {
	c := simple(t)
	config := values(t, "image: {repository: reg.corp/a/app}\nextra: reg.corp/a/extra:1\nkkp-mirror.dev/upstream: {reg.corp/a/app: evil.io/a/app, reg.corp/a/extra: evil.io/a/extra}")
	result, err := new(Renderer).Installed(t.Context(), InstalledRelease{
		Stored: stored(t, c, config), Config: config, Manifests: []string{pod("reg.corp/a/app:v1"), pod("reg.corp/a/extra:1")},
	}, none, false)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"quay.io/a/app:v1", "quay.io/a/extra:1"}, references(result.Hits)); diff != "" {
		t.Error(diff)
	}
}
