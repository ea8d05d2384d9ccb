package addon

import (
	"strings"
	"testing"
	"time"
)

// TestBounded has templates that would take all time or memory that there is.
func TestBounded(t *testing.T) {
	double := `{{ $x := "xxxxxxxx" }}{{ range until 60 }}{{ $x = print $x $x }}{{ end }}`
	for name, test := range map[string]struct{ text, want string }{
		"a loop":             {"\n{{ range until 90000 }}{{ range until 90000 }}{{ end }}{{ end }}", "a value of more than"},
		"nested loops":       {"\n{{ range until 9000 }}{{ range until 9000 }}{{ end }}{{ end }}", "f.yaml:2: more than 200000 rounds of loops"},
		"a number of loops":  {"{{ range 1000000000 }}{{ end }}", "f.yaml:1: more than 200000 rounds of loops"},
		"until":              {"{{ until 1000000000 }}", "too large a number"},
		"untilStep":          {"{{ untilStep 0 1000000000 1 }}", "too large a number"},
		"seq":                {"{{ seq 1 1000000000 }}", "too large a number"},
		"repeat":             {`{{ repeat 1000000000 "x" }}`, "too large a number"},
		"indent":             {`{{ indent 1000000000 "x" }}`, "too large a number"},
		"recursion":          {`{{ define "a" }}{{ template "a" }}{{ end }}{{ template "a" }}`, "exceeded maximum template depth"},
		"recursion in two":   {`{{ define "a" }}{{ if lt . 60 }}{{ template "a" (add . 1) }}{{ template "a" (add . 1) }}{{ end }}{{ end }}{{ template "a" 1 }}`, "rounds of loops"},
		"doubling a text":    {double, "a value of more than"},
		"doubling a list":    {`{{ $x := list 1 }}{{ range until 60 }}{{ $x = list $x $x }}{{ end }}`, "a value"},
		"replace":            {`{{ $x := repeat 1000 "x" }}{{ $y := repeat 99999 "y" }}{{ replace "y" $x $y }}`, "too large"},
		"one into the other": {`{{ $d := dict }}{{ $_ := set $d "self" $d }}{{ $d }}`, "nested deeper"},
		"heavy afterwards":   {`{{ $d := dict }}{{ $l := list $d $d $d $d $d $d $d $d }}{{ $_ := set $d "x" (repeat 99999 "xxxxxxxxx") }}{{ $l }}`, "f.yaml:1: a value of more than"},
		"widths":             {`{{ printf "%999999999d" 1 }}`, "the width is too large"},
		"output":             {`{{ $x := repeat 99999 "x" }}{{ range until 9999 }}{{ $x }}{{ end }}`, "larger than 16 MiB"},
		"pairs":              {`{{ uniq (until 9999) }}`, "a list of more than"},
		"YAML bomb":          {"a: &a [x,x,x,x,x,x,x,x,x,x]\nb: &b [*a,*a,*a,*a,*a,*a,*a,*a,*a,*a]\nc: &c [*b,*b,*b,*b,*b,*b,*b,*b,*b,*b]\nd: &d [*c,*c,*c,*c,*c,*c,*c,*c,*c,*c]\ne: [*d,*d,*d,*d,*d,*d,*d,*d,*d,*d]\n", "document 1, line 1: aliases stand for more than"},
		"deep parentheses":   {"{{" + strings.Repeat("(", 100_000) + "1", "max expression depth"},
		"a fault of sprig":   {`{{ chunk 0 (list 1 2) }}`, "chunk"},
	} {
		_, failures := render(t, map[string]string{"a/f.yaml": test.text}, some(), nil)
		if len(failures) == 1 && name == "recursion in two" && strings.Contains(failures[0].Err.Error(), "takes more than") {
			continue // on a slow machine, the time is over before the rounds are
		}
		if len(failures) != 1 || !strings.Contains(failures[0].Err.Error(), test.want) {
			t.Errorf("%s: %v, want %s", name, failures, test.want)
		}
	}
}

func TestTooManyGroups(t *testing.T) {
	var text strings.Builder
	for _, letter := range "abcdefghijklmnopqrst" {
		text.WriteString(`{{ if .Cluster.Features.Has "` + string(letter) + `" }}{{ end }}`)
	}
	_, failures := render(t, map[string]string{"a/f.yaml": text.String()}, some(), nil)
	// On a slow machine, the time is over first.
	if len(failures) != 1 || !strings.Contains(failures[0].Err.Error(), "groups of clusters") && !strings.Contains(failures[0].Err.Error(), "takes more than") {
		t.Error(failures)
	}
}

func TestUnsteady(t *testing.T) {
	other := 0
	render := func(one ClusterSet) ([]step, *rendered) {
		other++
		trace := &trace{clusters: one}
		if other == 1 {
			trace.value(aboutProvider)
		}
		trace.value(aboutKubernetes)
		return trace.steps, &rendered{}
	}
	failed := false
	(&node{}).walk(nil, some(), render, func(_ ClusterSet, result *rendered) { failed = failed || result.err != nil })
	if !failed {
		t.Error("answers of one rendering were taken for those of another")
	}
}

// FuzzRender: no panic, and an end, whatever a template says.
func FuzzRender(f *testing.F) {
	f.Add(pod(`{{ Image "quay.io/a/b:1" }}`))
	f.Add(`{{ if and (eq .Cluster.CloudProviderName "aws") (semverCompare .Cluster.Version ">= 1.34") }}` + pod("a:{{ .Cluster.MajorMinorVersion }}") + `{{ end }}`)
	f.Add(`{{ range $i, $x := .Cluster.Network.IPAMAllocations }}{{ with $x.Addresses }}{{ first . | quote }}{{ end }}{{ else }}none{{ end }}`)
	f.Add(`{{ define "a" }}{{ if lt . 5 }}{{ template "a" (add . 1) }}{{ end }}{{ end }}{{ template "a" 1 }}`)
	f.Add(`{{ $x := dict "a" 1 }}{{ $_ := set $x "b" $x }}{{ toJson $x }}{{ printf "%*d" 5 5 }}`)
	f.Add(`{{ range until 10 }}{{ break }}{{ end }}{{ .Variables.x | default (list 1 2) | join "," }}{{ . }}`)
	f.Add(`{{ regexReplaceAll "(a+)+" "aaaa" "${1}" }}{{ genCA "x" 1 }}{{ env "HOME" }}{{ randAlpha 5 }}{{ now | date "2006" }}`)
	f.Fuzz(func(t *testing.T, text string) {
		if len(text) > 10_000 {
			return
		}
		a := New("a", Files{"a/f.yaml": []byte(text)})
		clusters := ClusterSet{Kubernetes: []string{"1.33.1", "1.34.0"}, Providers: []string{"aws", "azure"}, CNI: []string{"canal v3.31", "none"}}
		start := time.Now()
		needs, failures := a.Render(clusters, map[string]any{"x": []any{"y"}})
		if took := time.Since(start); took > maxTime+30*time.Second {
			t.Errorf("took %s", took)
		}
		for _, need := range needs {
			if need.Reference == "" || len(need.Clusters) == 0 {
				t.Errorf("%+v", need)
			}
		}
		for _, failure := range failures {
			if failure.Err == nil || len(failure.Err.Error()) > 1000 {
				t.Errorf("%+v", failure)
			}
		}
	})
}
