package settings_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/plugin/settings"
)

func keys() []settings.Key {
	return []settings.Key{
		{Name: "ca-file", Kind: settings.Text},
		{Name: "plain-http", Kind: settings.List},
		{Name: "jobs", Kind: settings.Number},
		{Name: "max-wait", Kind: settings.Duration},
	}
}

func TestFromFile(t *testing.T) {
	got, err := settings.FromFile("c.yaml", []byte("# Ours.\nca-file: ca.pem\n\nplain-http: [a:5000, \"b:5000\"]\njobs: 16\nmax-wait: 90s\n"), keys())
	if err != nil {
		t.Fatal(err)
	}
	want := []settings.Setting{
		{Name: "ca-file", Values: []string{"ca.pem"}, Origin: "c.yaml:2", File: "c.yaml"},
		{Name: "plain-http", Values: []string{"a:5000", "b:5000"}, Origin: "c.yaml:4", File: "c.yaml"},
		{Name: "jobs", Values: []string{"16"}, Origin: "c.yaml:5", File: "c.yaml"},
		{Name: "max-wait", Values: []string{"90s"}, Origin: "c.yaml:6", File: "c.yaml"},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	for _, empty := range []string{"", "# nothing\n", "---\n", "null\n"} {
		if got, err := settings.FromFile("c.yaml", []byte(empty), keys()); err != nil || len(got) != 0 {
			t.Errorf("%q: %v, %v", empty, got, err)
		}
	}
}

func TestFromFileRefuses(t *testing.T) {
	for text, want := range map[string]string{
		"jobs: 1\nfrobnicate: 1\n":             `c.yaml:2: unknown setting "frobnicate"; known settings: ca-file, plain-http, jobs, max-wait`,
		"jobs: many\n":                         "c.yaml:1: jobs must be a whole number",
		"jobs: 1.5\n":                          "c.yaml:1: jobs must be a whole number",
		"jobs: 99999999999999999999\n":         "c.yaml:1: jobs must be a whole number",
		"jobs:\n":                              "c.yaml:1: jobs must be a whole number",
		"\n\nplain-http: a\n":                  "c.yaml:3: plain-http must be a list of texts",
		"plain-http: []\n":                     "c.yaml:1: plain-http must be a list of texts",
		"plain-http: [[a]]\n":                  "c.yaml:1: plain-http must be a list of texts",
		"ca-file: [a]\n":                       "c.yaml:1: ca-file must be a text",
		"ca-file: {a: b}\n":                    "c.yaml:1: ca-file must be a text",
		"ca-file: &a x\nplain-http: [*a]\n":    "c.yaml:2: plain-http must be a list of texts",
		"max-wait: 90\n":                       "c.yaml:1: max-wait must be a duration, such as 90s",
		"jobs: 1\njobs: 2\n":                   "c.yaml:2: jobs is set twice",
		"jobs: 1\n---\njobs: 2\n":              "c.yaml: the file must have one YAML document",
		"- jobs\n":                             "c.yaml:1: the file must be a YAML mapping",
		"[a]: b\n":                             "c.yaml:1: the name of a setting must be a text",
		"jobs: [\n":                            "c.yaml: yaml: ",
		"password: hunter2\n":                  "c.yaml:1: \"password\": this file has no credentials",
		"registry-token: hunter2\n":            "this file has no credentials; log in with docker login",
		"apiVersion: v1\nkind: A\n---\nb: c\n": "c.yaml:1: this is a Kubernetes object",
		strings.Repeat("#", 70_000):            "c.yaml: larger than 64 KiB",
	} {
		_, err := settings.FromFile("c.yaml", []byte(text), keys())
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%.40q: %v, want %q", text, err, want)
		}
		if err != nil && strings.Contains(err.Error(), "hunter2") {
			t.Errorf("the error has the value: %v", err)
		}
	}
}

func TestFromEnvironment(t *testing.T) {
	environment := map[string]string{"KKP_MIRROR_CA_FILE": "ca.pem", "KKP_MIRROR_PLAIN_HTTP": "a:1,b:2", "KKP_MIRROR_MAX_WAIT": "", "KKP_MIRROR_OTHER": "x"}
	lookup := func(name string) (string, bool) { value, ok := environment[name]; return value, ok }
	got, err := settings.FromEnvironment(keys(), lookup)
	if err != nil {
		t.Fatal(err)
	}
	want := []settings.Setting{
		{Name: "ca-file", Values: []string{"ca.pem"}, Origin: "$KKP_MIRROR_CA_FILE"},
		{Name: "plain-http", Values: []string{"a:1", "b:2"}, Origin: "$KKP_MIRROR_PLAIN_HTTP"},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	environment["KKP_MIRROR_JOBS"] = "many"
	if _, err := settings.FromEnvironment(keys(), lookup); err == nil || err.Error() != "$KKP_MIRROR_JOBS: jobs must be a whole number" {
		t.Error(err)
	}
}

func TestMerge(t *testing.T) {
	first := []settings.Setting{{Name: "jobs", Origin: "$X"}}
	second := []settings.Setting{{Name: "jobs", Origin: "c.yaml:1"}, {Name: "ca-file", Origin: "c.yaml:2"}}
	want := []settings.Setting{{Name: "ca-file", Origin: "c.yaml:2"}, {Name: "jobs", Origin: "$X"}}
	if diff := cmp.Diff(want, settings.Merge(first, second)); diff != "" {
		t.Error(diff)
	}
}

func FuzzFromFile(f *testing.F) {
	for _, seed := range []string{"jobs: 16\nplain-http: [a]\n", "a: &a [*a]\n", "? [a]\n: b\n", "<<: {jobs: 1}\n", "!!int jobs: !!str 1\n", "---\n---\n", "\xff"} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		got, err := settings.FromFile("c.yaml", data, keys())
		if err != nil {
			if !strings.HasPrefix(err.Error(), "c.yaml:") {
				t.Errorf("the error does not name the file: %v", err)
			}
			return
		}
		for _, s := range got {
			if len(s.Values) == 0 || s.Values[0] == "" || !strings.HasPrefix(s.Origin, "c.yaml:") {
				t.Errorf("%+v", s)
			}
		}
	})
}
