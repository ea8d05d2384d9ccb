package infile_test

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/patch"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/patch/apply"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/patch/infile"
)

const seed = "apiVersion: kubermatic.k8c.io/v1\nkind: Seed\nmetadata: {name: NAME}\nspec: {} # empty\n"

func seedNamed(name string) string { return strings.ReplaceAll(seed, "NAME", name) }

func write(t *testing.T, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range files {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func TestFilesArePrintedInOrder(t *testing.T) {
	dir := write(t, map[string]string{
		"a.yaml": "# two\n" + seedNamed("one") + "---\n# nothing\n---\n" + seedNamed("two"), "b.json": `{"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "s"}}`,
		"c.txt": "no object", "below/d.yml": seedNamed("four"),
	})
	files, err := infile.Read([]string{dir, "-"}, false, strings.NewReader(seedNamed("three")))
	if err != nil || len(files.Objects()) != 4 {
		t.Fatal(files, err)
	}
	edits := []apply.Edit{{Path: apply.Path{"spec", "x"}, Value: "y"}}
	changed, missing, err := files.Set([]patch.Object{
		{Kind: "Seed", Name: "two", Edits: edits}, {Kind: "Seed", Name: "three", Edits: edits}, {Kind: "Secret", Name: "gone", Edits: edits}, {Kind: "Seed", Name: "gone"},
	})
	if err != nil || len(missing) != 1 || missing[0].Kind != "Secret" {
		t.Error(missing, err)
	}
	if diff := cmp.Diff([]string{"seed.kubermatic.k8c.io/two spec.x", "seed.kubermatic.k8c.io/three spec.x"}, changed); diff != "" {
		t.Error(diff)
	}
	set := func(name string) string { return strings.ReplaceAll(seedNamed(name), "{} #", `{x: "y"} #`) }
	want := "# two\n" + seedNamed("one") + "---\n# nothing\n---\n" + set("two") + "---\n" + `{"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "s"}}` + "\n---\n" + set("three")
	var out bytes.Buffer
	if err := files.Write(&out); err != nil || out.String() != want {
		t.Error(err, cmp.Diff(want, out.String()))
	}
	if files, err := infile.Read([]string{dir}, true, nil); err != nil || len(files.Objects()) != 4 || files.Get("Seed", "four") == nil {
		t.Error("directories below:", err)
	}
}

func TestFilesThatCannotBePatched(t *testing.T) {
	for text, want := range map[string]string{
		"apiVersion: v1\nkind: List\nitems: []\n": "a List cannot be patched",
		"kind: [":      "yaml",
		"a: 1\n":       "Kind",
		"- a\n- b\n":   "",
		"a: &a [*a]\n": "",
	} {
		dir := write(t, map[string]string{"f.yaml": text})
		if _, err := infile.Read([]string{dir}, false, nil); err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), "f.yaml") {
			t.Errorf("%q: %v", text, err)
		}
	}
	for _, name := range []string{"https://example.com/a.yaml", filepath.Join(t.TempDir(), "gone.yaml")} {
		if _, err := infile.Read([]string{name}, false, nil); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("%s: %v", name, err)
		}
	}
	files, err := infile.Read([]string{"-"}, false, strings.NewReader(strings.Replace(seedNamed("one"), "spec: {}", "spec: &a {}", 1)))
	if err != nil {
		t.Fatal(err)
	}
	_, _, err = files.Set([]patch.Object{{Kind: "Seed", Name: "one", Edits: []apply.Edit{{Path: apply.Path{"spec", "x"}, Value: "y"}}}})
	if err == nil || !strings.Contains(err.Error(), "standard input: Seed one: spec.x cannot be set") {
		t.Error(err)
	}
}

// TestPut replaces an object where it is, and adds one that no file has.
func TestPut(t *testing.T) {
	dir := write(t, map[string]string{"a.yaml": seedNamed("one") + "---\n# two\n" + seedNamed("two") + "---\n" + seedNamed("three")})
	files, err := infile.Read([]string{dir}, false, nil)
	if err != nil {
		t.Fatal(err)
	}
	object := func(name, value string) *unstructured.Unstructured {
		return &unstructured.Unstructured{Object: map[string]any{
			"apiVersion": "kubermatic.k8c.io/v1", "kind": "Seed", "metadata": map[string]any{"name": name}, "spec": map[string]any{"x": value, "n": int64(755)},
		}}
	}
	put := func(name, value string, want bool) {
		t.Helper()
		if changed, err := files.Put(object(name, value), "new"); err != nil || changed != want {
			t.Errorf("%s: changed %t, %v", name, changed, err)
		}
	}
	put("two", "y", true)
	put("two", "y", false)
	put("four", "y", true)
	put("four", "y", false)
	put("four", "z", true)
	text := func(name, value string) string {
		return "apiVersion: kubermatic.k8c.io/v1\nkind: Seed\nmetadata:\n  name: " + name + "\nspec:\n  \"n\": 755\n  x: " + value + "\n"
	}
	want := seedNamed("one") + "---\n" + text("two", `"y"`) + "---\n" + seedNamed("three") + "---\n" + text("four", "z")
	var out bytes.Buffer
	if err := files.Write(&out); err != nil || out.String() != want {
		t.Error(err, cmp.Diff(want, out.String()))
	}
}
