package data

import (
	"errors"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func forEachFile(t *testing.T, check func(t *testing.T, raw []byte, file *File)) {
	t.Helper()
	minors, err := Minors()
	if err != nil || len(minors) < 4 {
		t.Fatalf("minors %v: %v", minors, err)
	}
	for _, minor := range minors {
		t.Run(minor, func(t *testing.T) {
			raw, err := Raw(minor)
			if err != nil {
				t.Fatal(err)
			}
			file, err := Load(minor)
			if err != nil {
				t.Fatal(err)
			}
			check(t, raw, file)
		})
	}
}

func TestFilesAreCanonical(t *testing.T) {
	forEachFile(t, func(t *testing.T, raw []byte, file *File) {
		if diff := cmp.Diff(string(raw), string(Format(file))); diff != "" {
			t.Errorf("hack/catalog would write it differently:\n%s", diff)
		}
	})
}

func TestFilesAreConsistent(t *testing.T) {
	total := 0
	forEachFile(t, func(t *testing.T, raw []byte, file *File) {
		total += len(raw)
		for i := range file.Releases {
			checkRelease(t, file.Release(i))
			for _, edition := range []string{"ce", "ee"} {
				checkEntries(t, file, i, edition)
			}
		}
	})
	if total > 200<<10 {
		t.Errorf("the data has grown to %d bytes", total)
	}
}

// checkRelease wants all facts, and defaults that are among the known.
func checkRelease(t *testing.T, r Release) {
	t.Helper()
	contains := func(list []string, item string) {
		for _, candidate := range list {
			if candidate == item {
				return
			}
		}
		t.Errorf("%s: %q is not among %v", r.Version, item, list)
	}
	contains(r.Kubernetes, r.DefaultKubernetes)
	contains(r.CNI[r.DefaultCNI], r.CNIDefaults[r.DefaultCNI])
	for name, versions := range r.CNI {
		contains(versions, r.CNIDefaults[name])
	}
	for i := 1; i < len(r.Kubernetes); i++ {
		if natural(r.Kubernetes[i-1], r.Kubernetes[i]) >= 0 {
			t.Errorf("%s: Kubernetes %s is not after %s", r.Version, r.Kubernetes[i], r.Kubernetes[i-1])
		}
	}
}

// checkEntries wants no entry twice, and conditions that the release knows.
func checkEntries(t *testing.T, file *File, index int, edition string) {
	t.Helper()
	release := &File{Releases: []Release{file.Release(index)}}
	names, err := release.known()
	if err != nil {
		t.Fatal(err)
	}
	for _, component := range file.Components {
		seen := map[string]bool{}
		for _, entry := range component.Images {
			if !file.Active(component, entry, index, edition) {
				continue
			}
			entry.Since, entry.Until, entry.Edition = "", "", ""
			key := cmp.Diff(Entry{}, entry)
			if seen[key] {
				t.Errorf("%s %s: %s has %s twice", release.Releases[0].Version, edition, component.Name, entry.Image)
			}
			seen[key] = true
			for _, err := range validateEntry(component.Name, entry, names) {
				t.Errorf("%s %s: %v", release.Releases[0].Version, edition, err)
			}
		}
	}
}

const minimal = `releases:
- {version: v2.90.0, kubernetes: [1.34.1], providers: [aws], cni: {canal: [v3.31]}}
- {version: v2.90.1}
components:
- name: apiserver
  runsOn: [user-cluster]
  images:
  - image: registry.k8s.io/kube-apiserver:v{kubernetes}
    kubernetes: ["1.34"]
    providers: [aws]
    cni: [canal v3.31]
    since: v2.90.1
applications:
- name: cilium
  source: system
  chart: cilium
  defaults:
  - {repository: "oci://quay.io/charts", values: "{envoy: {enabled: false}}"}
  versions:
  - {version: 1.13.0, until: v2.90.0}
  - {version: 1.19.4, chart: 1.19.4+build.7}
`

func TestParseIsStrict(t *testing.T) {
	if _, err := Parse([]byte(minimal)); err != nil {
		t.Fatal(err)
	}
	for name, change := range map[string][2]string{
		"field":          {"since:", "sinse:"},
		"minor":          {`["1.34"]`, `["1.39"]`},
		"provider":       {"    providers: [aws]", "    providers: [lunar]"},
		"both":           {"    providers: [aws]", "    providers: [aws]\n    except: [aws]"},
		"cni":            {"[canal v3.31]", "[canal v9]"},
		"release":        {"since: v2.90.1", "since: v2.90.7"},
		"template":       {"{kubernetes}", "{kubernets}"},
		"no tag":         {":v{kubernetes}", ""},
		"place":          {"user-cluster", "moon"},
		"edition":        {"since: v2.90.1", "edition: pro"},
		"upstream":       {"since: v2.90.1", "upstream: maybe"},
		"kind":           {"since: v2.90.1", "kind: wasm"},
		"feature":        {"since: v2.90.1", "features: [a b]"},
		"release order":  {"v2.90.1}", "v2.89.9}"},
		"release syntax": {"v2.90.1}", "2.90.1}"},
		"twice":          {"- image: registry", "- image: a/b:c\n  - image: a/b:c\n  - image: registry"},
		"application":    {"- name: cilium", "- name: cilium mesh"},
		"source":         {"source: system", "source: attic"},
		"chart":          {"chart: cilium", "chart: ../cilium"},
		"repository":     {"oci://quay.io", "https://quay.io"},
		"values":         {"{envoy: {", "{envoy: ["},
		"until":          {"until: v2.90.0", "until: v2.90.3"},
		"version":        {"version: 1.13.0", "version: 1.13/0"},
		"chart version":  {"1.19.4+build.7", "1.19.4 7"},
		"version twice":  {"version: 1.13.0", "version: 1.19.4"},
		"no defaults":    {"quay.io/charts\"", "quay.io/charts\", since: v2.90.1"},
		"no versions":    {"  versions:\n  - {version: 1.13.0, until: v2.90.0}\n  - {version: 1.19.4, chart: 1.19.4+build.7}", "  versions: []"},
		"setting":        {"components:\n", "settings:\n- {object: Seed, field: spec.x, repository: a/b, components: [lunar]}\ncomponents:\n"},
	} {
		if !strings.Contains(minimal, change[0]) {
			t.Fatalf("%s: nothing to change", name)
		}
		if _, err := Parse([]byte(strings.Replace(minimal, change[0], change[1], 1))); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
	_, err := Parse([]byte(strings.Replace(minimal, "providers: [aws]\n", "providers: [lunar]\n", 1)))
	var condition *ConditionError
	if !errors.As(err, &condition) || condition.Field != "provider" || condition.Value != "lunar" {
		t.Errorf("got %v", err)
	}
	if _, err := Parse([]byte("releases: []")); err == nil {
		t.Error("a file without releases is accepted")
	}
}

// What is parsed and written is parsed to the same, whatever is in it.
func FuzzParse(f *testing.F) {
	f.Add([]byte(minimal))
	for _, values := range []string{"a: |\n  x \n", "' {{ x }}': 1", "\ta: 1", "a: \"é\\u2028\""} {
		f.Add([]byte(strings.Replace(minimal, `"{envoy: {enabled: false}}"`, strconv.Quote(values), 1)))
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		file, err := Parse(raw)
		if err != nil {
			return
		}
		written := Format(file)
		again, err := Parse(written)
		if err != nil {
			t.Fatalf("%v in\n%s", err, written)
		}
		if diff := cmp.Diff(string(written), string(Format(again))); diff != "" {
			t.Error(diff)
		}
	})
}

func TestNatural(t *testing.T) {
	ordered := []string{"a:v1.9.0", "a:v1.9.1", "a:v1.10.0", "a:v2", "b"}
	for i := 1; i < len(ordered); i++ {
		if natural(ordered[i-1], ordered[i]) >= 0 || natural(ordered[i], ordered[i-1]) <= 0 {
			t.Errorf("%s, %s", ordered[i-1], ordered[i])
		}
	}
	if natural("v1.01", "v1.1") != 0 && natural("same", "same") != 0 {
		t.Error("equal strings differ")
	}
}
