package display

import (
	"fmt"
	"os/exec"
	"strings"
	"testing"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/plugin/terminal"
)

// seedAt is the text of a Seed.
func seedAt(location string) string {
	return fmt.Sprintf("apiVersion: kubermatic.k8c.io/v1\nkind: Seed\nmetadata:\n  name: frankfurt\nspec:\n  location: %s\n", location)
}

func TestColoured(t *testing.T) {
	diff := "--- a\n+++ b\n@@ -1 +1 @@\n kept\n-old\n+new\n"
	want := red + "--- a" + normal + "\n" + green + "+++ b" + normal + "\n" + cyan + "@@ -1 +1 @@" + normal + "\n kept\n" + red + "-old" + normal + "\n" + green + "+new" + normal + "\n"
	if got := coloured(diff, true); got != want {
		t.Errorf("got %q", got)
	}
	if got := coloured(diff, false); got != diff {
		t.Errorf("got %q", got)
	}
}

func TestDiff(t *testing.T) {
	t.Setenv(externalDiff, "")
	var out strings.Builder
	if err := Diff(t.Context(), &out, "seed.kubermatic.k8c.io/frankfurt", seedAt("here"), seedAt("there")); err != nil {
		t.Fatal(err)
	}
	for _, line := range []string{"--- live/seed.kubermatic.k8c.io.frankfurt", "-  location: here", "+  location: there"} {
		if !strings.Contains(out.String(), line+"\n") {
			t.Errorf("%q is missing:\n%s", line, out.String())
		}
	}
	out.Reset()
	if err := Diff(t.Context(), &out, "seed.kubermatic.k8c.io/frankfurt", seedAt("here"), seedAt("here")); err != nil || out.Len() > 0 {
		t.Errorf("got %v, %q", err, out.String())
	}
}

func TestDiffOfHostileText(t *testing.T) {
	hostile, shown := "here\x1b[2K\u202e", `here\u001b[2K\u202e`
	for _, program := range []string{"", "diff -u"} {
		t.Setenv(externalDiff, program)
		var out strings.Builder
		w := terminal.New(&out)
		if err := Diff(t.Context(), w, "seed.kubermatic.k8c.io/frankfurt", seedAt("there"), seedAt(hostile)); err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(out.String(), shown) || terminal.Escape(out.String()) != out.String() {
			t.Errorf("%q: got %q", program, out.String())
		}
	}
}

func TestExternalDiff(t *testing.T) {
	if _, err := exec.LookPath("diff"); err != nil {
		t.Skip("there is no diff here")
	}
	t.Setenv(externalDiff, "diff -u0")
	var out strings.Builder
	if err := Diff(t.Context(), &out, "seed.kubermatic.k8c.io/frankfurt", seedAt("here"), seedAt("there")); err != nil || !strings.Contains(out.String(), "+  location: there") || !strings.Contains(out.String(), "MERGED") {
		t.Errorf("got %v, %q", err, out.String())
	}
	t.Setenv(externalDiff, "no-such-program -u")
	if err := Diff(t.Context(), &out, "seed.kubermatic.k8c.io/frankfurt", seedAt("here"), seedAt("there")); err == nil || !strings.Contains(err.Error(), `KUBECTL_EXTERNAL_DIFF "no-such-program -u"`) {
		t.Errorf("got %v", err)
	}
	t.Setenv(externalDiff, "diff --no-such-flag")
	if err := Diff(t.Context(), &out, "seed.kubermatic.k8c.io/frankfurt", seedAt("here"), seedAt("there")); err == nil {
		t.Error("a program that fails is not noticed")
	}
}
