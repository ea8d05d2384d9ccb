package yamltext_test

import (
	"errors"
	"reflect"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	"sigs.k8s.io/yaml"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/patch/yamltext"
)

type field struct {
	path  string
	value any
}

// TestSet compares whole texts: whatever is not set stays as it was written.
func TestSet(t *testing.T) {
	for name, c := range map[string]struct {
		text, want string
		fields     []field
	}{
		"a new field, behind the others": {
			text:   "# head\nspec:\n  b: 1   # one\n\n  a: \"x\" # two\n# foot\nstatus: {}\n",
			fields: []field{{"spec.c", "new"}},
			want:   "# head\nspec:\n  b: 1   # one\n\n  a: \"x\" # two\n  c: new\n# foot\nstatus: {}\n",
		},
		"new maps": {
			text:   "spec:\n    a: 1\n",
			fields: []field{{"spec.x.w", "one"}, {"spec.x.z", true}, {"other.deep", []any{"a", "b"}}},
			want:   "spec:\n    a: 1\n    x:\n        w: one\n        z: true\nother:\n    deep:\n        - a\n        - b\n",
		},
		"a value, its comment and its quotes": {
			text:   "spec:\n  a: \"old\"   # why\n  b: 'old'\n  c: old # c\n",
			fields: []field{{"spec.a", "new"}, {"spec.b", "it's"}, {"spec.c", "10"}},
			want:   "spec:\n  a: \"new\"   # why\n  b: it's\n  c: \"10\" # c\n",
		},
		"brackets": {
			text:   "node: {} # none\nspec: {aws: {region: eu}} # here\nlist: [a, \"b:5000\"]\n",
			fields: []field{{"node.proxy", "http://p:1"}, {"node.mirror", []any{"https://m/?a=b"}}, {"spec.aws.zone", "a,b"}, {"spec.x", "w"}, {"list", []any{"c", "a", "b:5000"}}},
			want:   "node: {proxy: http://p:1, mirror: [\"https://m/?a=b\"]} # none\nspec: {aws: {region: eu, zone: \"a,b\"}, x: w} # here\nlist: [c, a, b:5000]\n",
		},
		"empty brackets": {
			text:   "spec:\n  node: {}\n  list: []  \n  end: {}",
			fields: []field{{"spec.node.mirrors.a", []any{"https://m/?a=b"}}, {"spec.list", []any{"x"}}, {"spec.end.last", "z"}},
			want:   "spec:\n  node:\n    mirrors:\n      a:\n        - https://m/?a=b\n  list:\n    - x  \n  end:\n    last: z",
		},
		"lists with comments": {
			text:   "spec:\n  list:\n  - a # first\n  # between\n  - \"b\"\n  # after\n  other: 1\n",
			fields: []field{{"spec.list", []any{"0", "a", "b", "c"}}, {"spec.new", []any{"x"}}},
			want:   "spec:\n  list:\n  - \"0\"\n  - a # first\n  # between\n  - \"b\"\n  - c\n  # after\n  other: 1\n  new:\n  - x\n",
		},
		"nothing there": {
			text:   "spec:\n  a:\n  b: ~ # none\n  c: null\n",
			fields: []field{{"spec.a.x", "1.0"}, {"spec.b", "w"}, {"spec.c", []any{"z"}}},
			want:   "spec:\n  a:\n    x: \"1.0\"\n  b: w # none\n  c:\n    - z\n",
		},
		"texts of many lines": {
			text:   "spec:\n  a: |\n    one\n\n    two\n  b: >-\n    three\n\n  # c\n  c: 1\n",
			fields: []field{{"spec.a", "short"}, {"spec.d", "e"}},
			want:   "spec:\n  a: short\n  b: >-\n    three\n\n  # c\n  c: 1\n  d: e\n",
		},
		"carriage returns": {
			text: "spec:\r\n  a: b # c\r\n", fields: []field{{"spec.d", "e"}, {"spec.a", "f"}}, want: "spec:\r\n  a: f # c\r\n  d: e\r\n",
		},
		"JSON": {
			text:   "{\n  \"spec\": {\n    \"a\": {\"b\": \"x\"},\n    \"c\": []\n  }\n}\n",
			fields: []field{{"spec.a.b", "y"}, {"spec.a.n", true}, {"spec.d.e", "f"}, {"spec.c", []any{"g"}}},
			want:   "{\n  \"spec\": {\n    \"a\": {\"b\": \"y\", \"n\": true},\n    \"c\": [\"g\"],\n    \"d\": {\"e\": \"f\"}\n  }\n}\n",
		},
		"other letters": {
			text: "é: {ü: 'ö'} # ß\n", fields: []field{{"é.ü", "x"}}, want: "é: {ü: x} # ß\n",
		},
	} {
		file := yamltext.Parse([]byte(c.text))
		for _, f := range c.fields {
			if err := file.Set(0, strings.Split(f.path, "."), f.value); err != nil {
				t.Errorf("%s: %v", name, err)
			}
		}
		if diff := cmp.Diff(c.want, string(file.Text())); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
		for _, f := range c.fields {
			if err := file.Set(0, strings.Split(f.path, "."), f.value); err != nil {
				t.Errorf("%s: again: %v", name, err)
			}
		}
		if diff := cmp.Diff(c.want, string(file.Text())); diff != "" {
			t.Errorf("%s: a second time: %s", name, diff)
		}
	}
}

func TestDocuments(t *testing.T) {
	text := "# license\n---\na: 1\n--- # two\n# none\n---\nb: |\n  ---x\n  text\n...\n---\nc: 2\n"
	file := yamltext.Parse([]byte(text))
	if file.Len() != 4 || string(file.Text()) != text {
		t.Fatalf("%d documents, %q", file.Len(), file.Text())
	}
	if err := file.Set(3, []string{"d"}, "e"); err != nil {
		t.Error(err)
	}
	if want := text + "d: e\n"; string(file.Text()) != want {
		t.Error(cmp.Diff(want, string(file.Text())))
	}
	if raw, err := file.JSON(1); err != nil || string(raw) != "null" {
		t.Errorf("%s, %v", raw, err)
	}
}

func TestFormsThatAreNotEdited(t *testing.T) {
	for text, path := range map[string]string{
		"a: &x {b: 1}\nc: *x\n":     "a.b",
		"a: &x {b: 1}\nc: *x\nd: 1": "c.b",
		"- a\n":                     "a",
		"a: 1\n":                    "a.b",
		"a: some\n  lines\n":        "a",
		"a: [":                      "a",
	} {
		file := yamltext.Parse([]byte(text))
		err := file.Set(0, strings.Split(path, "."), "x")
		var unusual *yamltext.Error
		if err == nil || errors.As(err, &unusual) && !strings.Contains(err.Error(), path) || string(file.Text()) != text {
			t.Errorf("%q: %v, %q", text, err, file.Text())
		}
	}
}

// FuzzSet wants a text to be left alone, or to have the one field more, and all its comments.
func FuzzSet(f *testing.F) {
	for _, text := range []string{
		"spec:\n  a: b # c\n", "spec: {a: [b, 'c'], d: \"e\"}\n", "spec:\n- a\n", "{\"spec\": {}}", "spec:\n  a: |\n    x\n # y\nz: 1", "--- {spec: }\n", "spec: &a\n  b: *a\n",
		"? spec\n: a\n", "spec:\n  \"a\" : b\n", "spec:\n\ta: b",
	} {
		f.Add(text, "spec", "a", "value")
	}
	f.Fuzz(func(t *testing.T, text, first, second, value string) {
		for _, s := range []string{text, first, second, value} {
			if !utf8.ValidString(s) {
				return // YAML has no other texts
			}
		}
		file := yamltext.Parse([]byte(text))
		var before map[string]any
		err := file.Set(0, []string{first, second}, value)
		if err != nil {
			if string(file.Text()) != text {
				t.Errorf("%v, and the text changed", err)
			}
			return
		}
		if file.Len() > 1 {
			return
		}
		if yaml.Unmarshal([]byte(text), &before) != nil {
			t.Fatal("no YAML was edited")
		}
		var after map[string]any
		if err := yaml.Unmarshal(file.Text(), &after); err != nil {
			t.Fatal(err)
		}
		inner, _ := after[first].(map[string]any)
		if inner == nil || inner[second] != value {
			t.Errorf("%q became %q", text, file.Text())
		}
		delete(after, first)
		delete(before, first)
		if len(before)+len(after) > 0 && !reflect.DeepEqual(before, after) {
			t.Errorf("%q became %q", text, file.Text())
		}
	})
}
