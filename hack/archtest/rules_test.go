package archtest

import (
	"strings"
	"testing"
	"testing/fstest"
)

// small is a module of its own that obeys its rules.
func small() (fstest.MapFS, Rules) {
	files := fstest.MapFS{}
	for name, source := range map[string]string{
		"cmd/tool/main.go":       "// Command tool is a tool.\npackage main\n\nimport (\n\t\"os\"\n\n\t_ \"example.com/streams\"\n\n\t\"example.com/m/edge\"\n)\n\nfunc main() { os.Exit(edge.Main()) }\n",
		"edge/edge.go":           "// Package edge is the edge.\npackage edge\n\nimport (\n\t_ \"example.com/cli\"\n\n\t_ \"example.com/m/work\"\n)\n\nfunc Main() int { return 0 }\n",
		"work/work.go":           "// Package work works.\npackage work\n\nimport _ \"example.com/m/work/part\"\n",
		"work/part/part.go":      "// Package part is a part of work.\npackage part\n",
		"values/values.go":       "package values\n",
		"values/doc.go":          "// Package values has values.\npackage values\n",
		"work/work_test.go":      "package work\n\nimport _ \"example.com/cli\"\n",
		"work/testdata/x.go":     "package x\n\nimport _ \"example.com/cli\"\n",
		"other/go.mod":           "module example.com/other\n",
		"other/other.go":         "package other\n\nimport _ \"example.com/cli\"\n",
		".hidden/hidden.go":      "not Go\n",
		"values/values.txt":      "not Go\n",
		"work/part/part_test.go": "package part\n\nimport _ \"example.com/m/edge\"\n",
	} {
		files[name] = &fstest.MapFile{Data: []byte(source)}
	}
	return files, Rules{
		Module: "example.com/m",
		Imports: map[string][]string{
			"cmd/tool": {"edge"},
			"edge":     {"work", "values"},
			"work":     {"values"},
			"values":   nil,
		},
		Calls:  map[string]Call{"cmd/tool": {Package: "edge", Func: "Main", With: []string{"example.com/streams"}}},
		Chains: []Chain{{From: "cmd/tool", To: "work/part", AtMost: 2}},
		Only:   []Only{{Library: "example.com/cli", For: []string{"edge"}, Why: "flags stay at the edge"}},
	}
}

func TestGoodModule(t *testing.T) {
	files, rules := small()
	packages, err := Packages(files)
	if err != nil {
		t.Fatal(err)
	}
	var dirs []string
	for _, p := range packages {
		dirs = append(dirs, p.Dir)
	}
	if got, want := strings.Join(dirs, " "), "cmd/tool edge values work work/part"; got != want {
		t.Errorf("packages are %s, want %s", got, want)
	}
	for _, violation := range rules.Check(packages) {
		t.Error(violation)
	}
}

func TestViolations(t *testing.T) {
	for _, c := range []struct{ name, file, source, want string }{
		{
			"upward", "values/up.go", "package values\n\nimport _ \"example.com/m/edge\"\n",
			"values/up.go:3:8: values imports example.com/m/edge: values may import no other package of the module",
		},
		{
			"from a part", "work/part/up.go", "package part\n\nimport _ \"example.com/m/edge\"\n",
			"work/part/up.go:3:8: work/part imports example.com/m/edge: work may import only values",
		},
		{
			"library", "work/cli.go", "//go:build windows\n\npackage work\n\nimport _ \"example.com/cli/flags\"\n",
			"work/cli.go:5:8: work imports example.com/cli/flags: flags stay at the edge",
		},
		{
			"past the edge", "cmd/tool/work.go", "package main\n\nimport _ \"example.com/m/work\"\n",
			"cmd/tool may import only edge",
		},
		{
			"main with a library", "cmd/tool/lib.go", "package main\n\nimport _ \"example.com/lib\"\n",
			"it may only call edge.Main",
		},
		{
			"main with more calls", "cmd/tool/more.go",
			"package main\n\nimport e \"example.com/m/edge\"\n\nvar _, _ = e.Main, e.New\n",
			"it uses Main, New, and may only call Main",
		},
		{
			"unknown package", "drawer/drawer.go", "// Package drawer holds all sorts.\npackage drawer\n",
			"drawer: has no place in the rules",
		},
		{
			"import of an unknown package", "work/drawer.go", "package work\n\nimport _ \"example.com/m/drawer\"\n",
			"it has no place in the rules",
		},
		{
			"a longer way", "edge/detour/detour.go",
			"// Package detour takes the long way.\npackage detour\n\nimport _ \"example.com/m/work\"\n",
			"3 packages lie between cmd/tool and work/part, and at most 2 may: cmd/tool, edge, edge/detour, work, work/part",
		},
		{
			"silent package", "values/silent/silent.go", "package silent\n",
			"values/silent: no package comment",
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			files, rules := small()
			if c.name == "a longer way" {
				files["edge/detoured.go"] = &fstest.MapFile{Data: []byte("package edge\n\nimport _ \"example.com/m/edge/detour\"\n")}
			}
			files[c.file] = &fstest.MapFile{Data: []byte(c.source)}
			packages, err := Packages(files)
			if err != nil {
				t.Fatal(err)
			}
			if got := strings.Join(rules.Check(packages), "\n"); !strings.Contains(got, c.want) {
				t.Errorf("found %q, want %q", got, c.want)
			}
		})
	}
}

func TestNoWay(t *testing.T) {
	files, rules := small()
	rules.Chains = []Chain{{From: "values", To: "edge"}}
	packages, err := Packages(files)
	if err != nil {
		t.Fatal(err)
	}
	if got := strings.Join(rules.Check(packages), "\n"); got != "there is no way from values to edge" {
		t.Errorf("found %q", got)
	}
}

func TestBrokenFile(t *testing.T) {
	files, _ := small()
	files["work/broken.go"] = &fstest.MapFile{Data: []byte("package")}
	if _, err := Packages(files); err == nil || !strings.Contains(err.Error(), "work/broken.go") {
		t.Errorf("got %v", err)
	}
}
