package addon

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// everySetting are the settings that the templates here ask for.
func everySetting() []string {
	return []string{"externalCloudProvider", "DualStack", "CSIMigration", "DisableCSIDriver", "MonitoringEnabled"}
}

// fullMatrix renders each file for every single combination, as KKP would, and returns
// for each reference the clusters that need it.
func fullMatrix(a *Addon, clusters ClusterSet) map[string][]string {
	found := map[string]map[string]bool{}
	for one := range combinations(clusters) {
		for _, file := range a.templates {
			_, result := a.engine.render(file, one, nil, time.Time{})
			for _, reference := range result.images {
				note(found, reference, one)
			}
			for _, hit := range result.hits {
				note(found, hit.Reference, one)
			}
		}
	}
	return ordered(found)
}

// combinations yields every single cluster of the set.
func combinations(clusters ClusterSet) func(func(ClusterSet) bool) {
	return func(yield func(ClusterSet) bool) {
		settings := everySetting()
		for _, kubernetes := range clusters.Kubernetes {
			for _, provider := range clusters.Providers {
				for _, cni := range clusters.CNI {
					for bits := range 1 << len(settings) {
						one := ClusterSet{Kubernetes: []string{kubernetes}, Providers: []string{provider}, CNI: []string{cni}}
						for i, setting := range settings {
							one = one.with(setting, bits>>i&1 == 1)
						}
						if !yield(one) {
							return
						}
					}
				}
			}
		}
	}
}

func note(found map[string]map[string]bool, reference string, one ClusterSet) {
	if found[reference] == nil {
		found[reference] = map[string]bool{}
	}
	found[reference][fmt.Sprint(one)] = true
}

func ordered(found map[string]map[string]bool) map[string][]string {
	result := map[string][]string{}
	for reference, clusters := range found {
		result[reference] = slices.Sorted(maps.Keys(clusters))
	}
	return result
}

// inGroups renders as Render does, and spells the groups out.
func inGroups(t *testing.T, a *Addon, clusters ClusterSet) map[string][]string {
	needs, failures := a.Render(clusters, nil)
	if len(failures) > 0 {
		t.Error(failures)
	}
	found := map[string]map[string]bool{}
	for _, need := range needs {
		for _, group := range need.Clusters {
			for one := range combinations(group) {
				if agrees(one.Settings, group.Settings) {
					note(found, need.Reference, one)
				}
			}
		}
	}
	return ordered(found)
}

func agrees(settings, fixed map[string]bool) bool {
	for setting, value := range fixed {
		if settings[setting] != value {
			return false
		}
	}
	return true
}

// TestEqualToTheFullMatrix proves that grouping clusters changes nothing: not one
// reference, and not one cluster that needs it.
func TestEqualToTheFullMatrix(t *testing.T) {
	clusters := some()
	for name, text := range map[string]string{
		"nothing asked": pod("a:1"),
		"one after the other": `{{ if eq .Cluster.CloudProviderName "aws" }}{{ if semverCompare .Cluster.Version ">= 1.34" }}` + pod("new:{{ .Cluster.MajorMinorVersion }}") +
			`{{ else }}` + pod("old:{{ .Cluster.Version }}") + `{{ end }}{{ end }}`,
		"versions of a CNI": `{{ if eq .Cluster.CNIPlugin.Type "canal" }}` + pod("{{ Image (print \"node:\" .Cluster.CNIPlugin.Version) }}") + `{{ end }}`,
		"settings": `{{ if .Cluster.Features.Has "externalCloudProvider" }}{{ if not .Cluster.DisableCSIDriver }}` + pod("csi:1") + `{{ end }}{{ else if .Cluster.CSIMigration }}` +
			pod("migration:{{ .Cluster.CloudProviderName }}") + `{{ end }}`,
		"all at once":   pod(`all:{{ .Cluster.CloudProviderName }}-{{ .Cluster.Version }}-{{ .Cluster.CNIPlugin.Version }}-{{ .Cluster.Network.DualStack }}`),
		"unknown minor": `{{ $version := "UNSUPPORTED" }}{{ if eq .Cluster.MajorMinorVersion "1.34" }}{{ $version = "v1.34.1" }}{{ end }}` + pod("ccm:{{ $version }}"),
		"loops":         `{{ range $minor := list "1.33" "1.34" "1.35" }}{{ if eq $.Cluster.MajorMinorVersion $minor }}` + pod("loop:{{ $minor }}") + `{{ end }}{{ end }}`,
		"definitions":   `{{ define "d" }}{{ if .MLA.MonitoringEnabled }}` + pod("mla:{{ .Version.Minor }}") + `{{ end }}{{ end }}{{ template "d" .Cluster }}`,
		"as a whole":    `{{ if contains "aws" (toJson .Cluster) }}` + pod("json:1") + `{{ end }}`,
	} {
		a := New("a", Files{"a/f.yaml": []byte(text)})
		want := fullMatrix(a, clusters)
		if len(want) == 0 {
			t.Errorf("%s: proves nothing", name)
		}
		if diff := cmp.Diff(want, inGroups(t, a, clusters)); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
}

// TestRenderedOncePerGroup shows what the grouping saves.
func TestRenderedOncePerGroup(t *testing.T) {
	times := 0
	text := `{{ if eq .Cluster.MajorMinorVersion "1.34" }}x{{ end }}`
	a := New("a", Files{"a/f.yaml": []byte(text)})
	render := func(one ClusterSet) ([]step, *rendered) {
		times++
		return a.engine.render(a.templates[0], one, nil, time.Time{})
	}
	var groups []string
	(&node{}).walk(nil, some(), render, func(group ClusterSet, _ *rendered) {
		groups = append(groups, strings.Join(group.Kubernetes, " "))
	})
	if diff := cmp.Diff([]string{"1.33.1", "1.34.0 1.34.9", "1.35.7"}, groups); diff != "" || times != 3 {
		t.Error(times, diff)
	}
}

func BenchmarkRender(b *testing.B) {
	files := map[string][]byte{}
	for i := range 50 {
		text := fmt.Sprintf(`{{ if eq .Cluster.CloudProviderName "aws" }}`+pod("a%d:{{ .Cluster.MajorMinorVersion }}")+`{{ end }}`, i)
		files[fmt.Sprintf("a/%d.yaml", i)] = []byte(text)
	}
	for b.Loop() {
		New("a", files).Render(some(), nil)
	}
}
