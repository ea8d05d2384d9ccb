package addon

import (
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"
)

// some are clusters that differ in all that can differ.
func some() ClusterSet {
	return ClusterSet{
		Kubernetes: []string{"1.33.1", "1.34.0", "1.34.9", "1.35.7"},
		Providers:  []string{"aws", "azure", "vsphere"},
		CNI:        []string{"canal v3.30", "canal v3.31", "cilium 1.18.2", "none"},
	}
}

// render renders the one addon that is in files.
func render(t testing.TB, files map[string]string, clusters ClusterSet, variables map[string]any) ([]ImageUse, []Failure) {
	t.Helper()
	content := map[string][]byte{}
	for path, text := range files {
		content[path] = []byte(text)
	}
	addons := Split(content)
	if len(addons) != 1 {
		t.Fatalf("%d addons", len(addons))
	}
	for name, own := range addons {
		return New(name, own).Render(clusters, variables)
	}
	return nil, nil
}

func references(needs []ImageUse) []string {
	var all []string
	for _, need := range needs {
		all = append(all, need.Reference)
	}
	return all
}

// pod is a document with a container.
func pod(image string) string {
	return "kind: Pod\nmetadata: {name: p}\nspec: {containers: [{name: c, image: '" + image + "'}]}\n---\n"
}

func TestContractOfKKP(t *testing.T) {
	for name, test := range map[string]struct {
		text string
		want []string
	}{
		"Image":                       {pod(`{{ Image "alpine" }}`) + pod(`{{ Image "quay.io/a/b:1" }}`), []string{"docker.io/library/alpine", "quay.io/a/b:1"}},
		"Image without a container":   {`{{ $x := Image "quay.io/a/b:1" }}`, []string{"quay.io/a/b:1"}},
		"no Image":                    {pod("acme/tool:2"), []string{"acme/tool:2"}},
		"Registry":                    {pod(`{{ Registry "quay.io" }}/a/b:1`), []string{"quay.io/a/b:1"}},
		"join":                        {pod(`{{ join (list "a" "b") "/" }}:1`), nil}, // a list of any is no list of strings in KKP, either
		"join of strings":             {pod(`x/y:{{ join .Cluster.Network.PodCIDRBlocks "-" | trunc 3 }}`), []string{"x/y:172"}},
		"semverCompare":               {`{{ if semverCompare .Cluster.Version ">= 1.35" }}` + pod("new:1") + `{{ else if semverCompare "1.2.3" "<1" }}` + pod("never:1") + `{{ end }}`, []string{"new:1"}},
		"semverCompare without sense": {`{{ if or (semverCompare .Cluster.Version ">>> 1") (semverCompare "x" ">1") (semverCompare 1 ">1") (semverCompare "1.1.1" 1) }}` + pod("never:1") + `{{ end }}`, nil},
		"minor":                       {pod(`minor:{{ .Cluster.MajorMinorVersion }}`), []string{"minor:1.33", "minor:1.34", "minor:1.35"}},
		"version":                     {pod(`v:{{ .Cluster.Version.Major }}-{{ .Cluster.Version.Minor }}`), []string{"v:1-33", "v:1-34", "v:1-35"}},
		"version as text":             {pod(`{{ print "v:" .Cluster.Version }}`), []string{"v:1.33.1", "v:1.34.0", "v:1.34.9", "v:1.35.7"}},
		"version compared":            {`{{ if .Cluster.Version.LessThan (semver "1.34.5") }}` + pod("old:1") + `{{ end }}`, []string{"old:1"}},
		"provider":                    {`{{ if eq .Cluster.CloudProviderName "aws" }}` + pod("aws:1") + `{{ end }}`, []string{"aws:1"}},
		"CNI":                         {pod(`{{ .Cluster.CNIPlugin.Type }}:1`), []string{"canal:1", "cilium:1", "none:1"}},
		"settings, on and off":        {`{{ if .Cluster.Features.Has "x" }}` + pod("on:1") + `{{ else }}` + pod("off:1") + `{{ end }}`, []string{"off:1", "on:1"}},
		"dual stack":                  {`{{ if .Cluster.Network.DualStack }}` + pod("two:1") + `{{ end }}{{ if .Cluster.Network.PodCIDRIPv6 }}` + pod("six:1") + `{{ end }}`, []string{"six:1", "two:1"}},
		"allocations":                 {`{{ if .Cluster.Network.IPAMAllocations.metallb }}` + pod("lb:1") + `{{ end }}{{ (index .Cluster.Network.IPAMAllocations "x").Type }}`, []string{"lb:1"}},
		"as JSON":                     {pod(`j:{{ (.Cluster | toJson | fromJson).MajorMinorVersion }}`), []string{"j:1.33", "j:1.34", "j:1.35"}},
		"printed whole":               {`{{ if contains "vsphere" (print .) }}` + pod("w:1") + `{{ end }}`, []string{"w:1"}},
		"credentials are empty":       {`{{ if not .Credentials.VMwareCloudDirector.Username }}` + pod("c:1") + `{{ end }}{{ .Credentials.Hetzner.Token | b64enc }}`, []string{"c:1"}},
		"no variable":                 {pod(`a:{{ .Variables.tag | default "1" }}`), []string{"a:1"}},
		"environment":                 {pod(`a:x{{ env "HOME" }}{{ expandenv "$HOME" }}`), []string{"a:x"}},
	} {
		needs, failures := render(t, map[string]string{"a/f.yaml": test.text}, some(), nil)
		if name == "join" {
			if len(failures) != 1 {
				t.Error(name, failures)
			}
			continue
		}
		if diff := cmp.Diff(test.want, references(needs)); diff != "" || len(failures) != 0 {
			t.Error(name, failures, diff)
		}
	}
}

func TestVariablesAreNotShared(t *testing.T) {
	variables := map[string]any{"tag": "1", "in": map[string]any{"list": []any{"a"}}}
	text := pod(`a:{{ .Variables.tag }}`) + `{{ $_ := set .Variables "tag" "2" }}{{ if .Cluster.Version.String }}{{ end }}{{ $_ := set .Variables.in "list" 1 }}`
	needs, failures := render(t, map[string]string{"a/f.yaml": text}, some(), variables)
	if diff := cmp.Diff([]string{"a:1"}, references(needs)); diff != "" || len(failures) != 0 || variables["tag"] != "1" {
		t.Error(failures, diff, variables)
	}
}

func TestFiles(t *testing.T) {
	needs, failures := render(t, map[string]string{
		"a/1.yaml":       `{{ define "name" }}shared:1{{ end }}`,
		"a/in/2.yaml":    pod(`{{ template "name" }}`),
		"a/3.yml":        pod("not:a-template"),
		"a/broken.yaml":  "kind: Pod\n\n{{ if }}",
		"a/no.yaml":      "kind: Pod\na: {{ .Nothing }}\n---\n" + pod("never:1"),
		"a/noyaml.yaml":  pod("first:1") + "a: [\n---\n" + pod("last:1"),
		"a/panics.yaml":  "\n{{ div 1 0 }}",
		"a/invalid.yaml": "{{ Image \"Not Valid\" }}",
		"values.yaml":    pod("not:an-addon"),
	}, some(), nil)
	if diff := cmp.Diff([]string{"first:1", "last:1", "shared:1"}, references(needs)); diff != "" {
		t.Error(diff)
	}
	var got []string
	for _, failure := range failures {
		got = append(got, failure.Subject+": "+failure.Err.Error())
	}
	for _, want := range []string{
		"addon a, file a/broken.yaml: a/broken.yaml:3: missing value for if",
		"addon a, file a/no.yaml: a/no.yaml:2:",
		"addon a, file a/noyaml.yaml: the rendered text is not YAML: document 2, line ",
		"addon a, file a/panics.yaml: a/panics.yaml:2:3: executing \"a/panics.yaml\" at <div 1 0>: error calling div: runtime error: integer divide by zero",
		"addon a, file a/invalid.yaml: a/invalid.yaml:1:3:",
	} {
		if !slices.ContainsFunc(got, func(line string) bool { return strings.HasPrefix(line, want) }) {
			t.Errorf("no %q in\n%s", want, strings.Join(got, "\n"))
		}
	}
	if len(got) != 5 {
		t.Error(strings.Join(got, "\n"))
	}
}

func TestRead(t *testing.T) {
	fsys := fstest.MapFS{
		"README.yaml":  {Data: []byte("no addon")},
		"a/x.yaml":     {Data: []byte("x")},
		"a/b/y.yaml":   {Data: []byte("y")},
		"a/x.txt":      {Data: []byte("no template")},
		"a/large.yaml": {Data: make([]byte, maxFile+1)},
	}
	files, refused, err := Read(fsys)
	if diff := cmp.Diff(map[string][]byte{"a/x.yaml": []byte("x"), "a/b/y.yaml": []byte("y")}, files); diff != "" || err != nil {
		t.Error(err, diff)
	}
	if len(refused) != 1 || refused["a/large.yaml"] == nil {
		t.Error(refused)
	}
}
