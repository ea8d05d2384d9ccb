package display

import (
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
)

func TestFit(t *testing.T) {
	rows := [][]string{
		{"IMAGE", "SOURCE", "COMPONENT"},
		{"registry.k8s.io/provider-aws/cloud-controller-manager:v1.34.0", "components", "aws-cloud-controller-manager"},
		{"a:1", "running", "b"},
	}
	if diff := cmp.Diff(rows, fit(rows, 1, 200)); diff != "" {
		t.Errorf("a table that fits was changed: %s", diff)
	}
	for width := 75; width < 110; width++ {
		longest := 0
		for _, cells := range fit(rows, 1, width) {
			length := between * (len(cells) - 1)
			for _, cell := range cells {
				length += utf8.RuneCountInString(cell)
			}
			longest = max(longest, length)
		}
		if longest > width {
			t.Errorf("width %d: a row has %d characters", width, longest)
		}
	}
	got := fit(rows, 1, 80)
	if name := got[1][0]; strings.Count(name, "…") != 1 || !strings.HasPrefix(name, "registry") || !strings.HasSuffix(name, "manager:v1.34.0") {
		t.Errorf("not shortened in the middle: %s", name)
	}
	if got := fit(rows, 1, 10)[1]; utf8.RuneCountInString(got[0]) != 3*narrowed || got[1] != "components" || utf8.RuneCountInString(got[2]) != narrowed {
		t.Errorf("columns keep %d characters: %q", narrowed, got)
	}
}
