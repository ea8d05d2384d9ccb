package manifest

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestDecode(t *testing.T) {
	got, err := Decode([]byte("# nothing\n---\na: &x {b: 1, c: [true, null, 1.5]}\n---\n\n---\n{\"d\": \"e\"}\n---\nf:\n  <<: *y\n"))
	if err == nil || !strings.Contains(err.Error(), "document 4") {
		t.Error("an unknown anchor:", err)
	}
	want := []map[string]any{
		{"a": map[string]any{"b": int64(1), "c": []any{true, nil, 1.5}}},
		{"d": "e"},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestDecodeMerges(t *testing.T) {
	got, err := Decode([]byte("x: &x {a: 1, b: 2}\ny:\n  <<: *x\n  b: 3\n1: one\n"))
	want := []map[string]any{{
		"x": map[string]any{"a": int64(1), "b": int64(2)},
		"y": map[string]any{"a": int64(1), "b": int64(3)},
		"1": "one",
	}}
	if diff := cmp.Diff(want, got); diff != "" || err != nil {
		t.Error(err, diff)
	}
}

// bomb is ten levels of ten aliases each.
func bomb() string {
	var b strings.Builder
	b.WriteString("l0: &l0 {image: \"a:1\"}\n")
	for i := 1; i <= 10; i++ {
		fmt.Fprintf(&b, "l%d: &l%d [%s]\n", i, i, strings.TrimSuffix(strings.Repeat(fmt.Sprintf("*l%d,", i-1), 10), ","))
	}
	return b.String()
}

func TestDecodeErrors(t *testing.T) {
	for name, test := range map[string]struct{ text, want string }{
		"syntax":       {"a: 1\n---\nb: 2\nc: [\n", "document 2, line "},
		"tabs":         {"a:\n\t- b\n", "document 1, line "},
		"no object":    {"a: 1\n---\n- b\n", "document 2, line 3: expected an object, found a list"},
		"bomb":         {bomb(), "document 1, line 1: aliases stand for more than 100000 values"},
		"itself":       {"a: &a [*a]\n", "nested deeper than 256 levels"},
		"nested deep":  {"a: " + strings.Repeat("[", 300) + strings.Repeat("]", 300) + "\n", "nested deeper than 256 levels"},
		"much too big": {strings.Repeat("#", maxSize+1), "at most 32 are read"},
	} {
		got, err := Decode([]byte(test.text))
		if err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: %v, want %s", name, err, test.want)
		}
		if strings.HasPrefix(test.text, "a: 1\n---") && len(got) != 1 {
			t.Errorf("%s: what was read before it is lost", name)
		}
	}
}

func FuzzDecode(f *testing.F) {
	f.Add("kind: Pod\nspec: {containers: [{image: a:1, args: [--x-image=b, --image, c]}]}\n")
	f.Add("kind: List\nitems: [{kind: ConfigMap, data: {x.yaml: \"image: quay.io/a/b:1\\n\"}}]\n")
	f.Add("spec: {image: {repository: a/b, tag: 1}, env: [{name: X_IMAGE, value: c:2}]}\n---\nx: &x [*x]\n")
	f.Add(bomb())
	f.Fuzz(func(t *testing.T, text string) {
		objects, _ := Decode([]byte(text))
		for _, object := range objects {
			first, second := Find(object), Find(object)
			if diff := cmp.Diff(first, second); diff != "" {
				t.Error("not always the same:", diff)
			}
			seen := map[Hit]bool{}
			for _, hit := range first {
				if hit.Reference == "" || hit.Path == "" || seen[hit] {
					t.Errorf("%+v", hit)
				}
				seen[hit] = true
			}
		}
	})
}
