package manifestdiff

import (
	"encoding/base64"
	"strings"
	"testing"
)

func TestDifferences(t *testing.T) {
	object := func(kind, rest string) string {
		return "---\napiVersion: v1\nkind: " + kind + "\nmetadata: {name: x, namespace: n}\n" + rest + "\n"
	}
	packed := func(text string) string { return base64.StdEncoding.EncodeToString([]byte(text)) }
	for name, c := range map[string]struct{ before, after, want string }{
		"nothing":        {object("Pod", "spec: {a: 1, b: [x]}"), object("Pod", "spec: {b: [x], a: 1}"), ""},
		"scalars":        {object("Pod", "spec: {a: 1, b: true, c: x}"), object("Pod", "spec: {a: 2, b: false, d: x}"), "Pod n/x spec.a: 1 > 2; Pod n/x spec.b: true > false; Pod n/x spec.c: x > ; Pod n/x spec.d:  > x"},
		"lists":          {object("Pod", "spec: {a: [1, {b: 2}], c: [1]}"), object("Pod", "spec: {a: [1, {b: 3}], c: [1, 2]}"), "Pod n/x spec.a[1].b: 2 > 3; Pod n/x spec.c: [1] > [1,2]"},
		"other types":    {object("Pod", "spec: {a: {b: 1}}"), object("Pod", "spec: {a: [1]}"), `Pod n/x spec.a: {"b":1} > [1]`},
		"keys":           {object("Pod", "spec: {a.b/c: x}"), object("Pod", "spec: {a.b/c: y}"), `Pod n/x spec["a.b/c"]: x > y`},
		"objects":        {object("Pod", ""), object("Job", ""), "Pod n/x: present > ; Job n/x:  > present"},
		"several alike":  {object("Pod", "a: 1") + object("Pod", "a: 2"), object("Pod", "a: 1") + object("Pod", "a: 3"), "Pod n/x a: 2 > 3"},
		"lists of them":  {"kind: List\napiVersion: v1\nitems: [{kind: Pod, metadata: {name: y}, a: 1}]", "kind: List\napiVersion: v1\nitems: [{kind: Pod, metadata: {name: y}, a: 2}]", "Pod y a: 1 > 2"},
		"documents":      {object("ConfigMap", "data: {f: \"a: 1\\nb: 2\\n\"}"), object("ConfigMap", "data: {f: \"a: 1\\nb: 3\\n\"}"), "ConfigMap n/x data.f.b: 2 > 3"},
		"only a comment": {object("ConfigMap", "data: {f: \"a: 1\\n# x\\n\"}"), object("ConfigMap", "data: {f: \"a: 1\\n# y\\n\"}"), "ConfigMap n/x data.f: a: 1\n# x\n > a: 1\n# y\n"},
		"other texts":    {object("ConfigMap", "data: {f: \"[a]\\nb\"}"), object("ConfigMap", "data: {f: \"[a]\\nc\"}"), "ConfigMap n/x data.f: [a]\nb > [a]\nc"},
		"packed in a Secret": {
			object("Secret", "data: {f: "+packed("a: 1\nb: 2\n")+"}"), object("Secret", "data: {f: "+packed("a: 1\nb: 3\n")+"}"), "Secret n/x data.f.b: 2 > 3",
		},
	} {
		before, err := (&Decoder{}).Decode(map[string]string{"": c.before})
		if err != nil {
			t.Fatal(name, err)
		}
		after, err := (&Decoder{}).Decode(map[string]string{"": c.after})
		if err != nil {
			t.Fatal(name, err)
		}
		changes := Differences(before.Objects, after.Objects)
		var got []string
		for _, change := range changes {
			got = append(got, change.String()+": "+change.Before+" > "+change.After)
		}
		if text := strings.Join(got, "; "); text != c.want {
			t.Errorf("%s: %q, want %q", name, text, c.want)
		}
	}
}

func TestWhatFollows(t *testing.T) {
	f := newFollowing([]moved{
		{"Pod p", "spec.containers[0].image", "quay.io/a/b:1", "reg/a/b:1"},
		{"Thing t", "spec.image.repository", "quay.io/c/d:1", "reg/x/c/d:1"},
	})
	sum := strings.Repeat("0a", 32)
	for name, c := range map[string]struct {
		change        Difference
		reference, ok bool
	}{
		"itself":            {Difference{"Pod p", "spec.containers[0].image", "quay.io/a/b:1", "reg/a/b:1"}, true, true},
		"a part":            {Difference{"Thing t", "spec.image.registry", "quay.io", "reg/x"}, true, true},
		"a part of another": {Difference{"Thing u", "spec.image.registry", "quay.io", "reg/x"}, false, false},
		"a part that goes":  {Difference{"Thing t", "spec.image.registry", "quay.io", ""}, false, false},
		"in a text":         {Difference{"Pod p", "spec.env", "A=quay.io/a/b:1 B=quay.io/c/d", "A=reg/a/b:1 B=reg/x/c/d"}, false, true},
		"and more":          {Difference{"Pod p", "spec.env", "A=quay.io/a/b:1", "A=reg/a/b:1 B=2"}, false, false},
		"a checksum":        {Difference{"Pod p", "metadata.annotations.sum", sum, strings.Repeat("b1", 32)}, false, true},
		"no checksum":       {Difference{"Pod p", "spec.sum", sum, strings.Repeat("b1", 32)}, false, false},
		"a short number":    {Difference{"Pod p", "metadata.labels.n", "12", "13"}, false, false},
		"a registry":        {Difference{"ConfigMap c", "data.host", "quay.io", "reg"}, false, false},
	} {
		if reference, ok := f.from(c.change); reference != c.reference || ok != c.ok {
			t.Errorf("%s: %t %t", name, reference, ok)
		}
	}
}
