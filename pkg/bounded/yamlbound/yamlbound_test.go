package yamlbound_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"sigs.k8s.io/yaml"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/bounded/yamlbound"
)

// billion returns nested lists, each of ten aliases of the one before.
func billion(levels int) string {
	text := "a0: &a0 [x]\n"
	for level := range levels {
		text += fmt.Sprintf("a%d: &a%d [%s*a%d]\n", level+1, level+1, strings.Repeat(fmt.Sprintf("*a%d,", level), 9), level)
	}
	return text
}

func TestCheck(t *testing.T) {
	for name, test := range map[string]struct{ text, want string }{
		"nothing":         {"", ""},
		"values of Helm":  {"image: &image {repository: quay.io/a/b}\nother: *image\nmerged: {<<: *image, tag: v1}\n# * & in a comment\n", ""},
		"signs, no alias": {"text: \"a & b * c\"\n", ""},
		"few levels":      {billion(3), ""},
		"many levels":     {billion(9), "the aliases expand to more than 100000 values"},
		"endless levels":  {billion(60), "the aliases expand to more than"},
		"a long text":     {"a: &a " + strings.Repeat("x", 1<<20) + "\nb: [" + strings.Repeat("*a,", 10) + "]\n", "more than 8 MiB of text"},
		"itself":          {"a: &a [*a]\n", "that contains the alias"},
		"many values":     {"[" + strings.Repeat("0,", 600_000) + "]", "the YAML has more than about 500000 values"},
		"much":            {strings.Repeat("x", 17<<20), "the YAML has 17 MiB"},
		"no YAML":         {"a: &a [*a", "yaml"},
	} {
		start := time.Now()
		err := yamlbound.Check([]byte(test.text))
		if (err == nil) != (test.want == "") || err != nil && !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: %v, want %q", name, err, test.want)
		}
		if took := time.Since(start); took > 10*time.Second {
			t.Errorf("%s: it took %s", name, took)
		}
	}
}

// FuzzCheck checks that accepted documents are parsed fast.
func FuzzCheck(f *testing.F) {
	for _, text := range []string{billion(4), "a: &a {b: c}\nd: {<<: *a}\n", "- - - - x", "{a: [b, {c: d}]}", "? a\n: b\n", "%TAG ! x\n---\n!a b", "a: |\n  &x *x\n", "&a [*a]"} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		if yamlbound.Check(data) != nil {
			return
		}
		start := time.Now()
		var found any
		_ = yaml.Unmarshal(data, &found) // any error is accepted
		if took := time.Since(start); took > 5*time.Second {
			t.Errorf("it took %s", took)
		}
	})
}
