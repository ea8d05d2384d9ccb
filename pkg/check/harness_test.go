package check_test

import (
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/check"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images"
)

// TestDocumented compares docs/check.md with the checks: one row for each, and no other row.
func TestDocumented(t *testing.T) {
	page, err := os.ReadFile("../../docs/check.md")
	if err != nil {
		t.Fatal(err)
	}
	var documented []string
	for line := range strings.Lines(string(page)) {
		if strings.HasPrefix(line, "| `") && strings.Contains(line, ".") {
			documented = append(documented, strings.TrimRight(line, "\n"))
		}
	}
	var defined []string
	for _, d := range check.Definitions() {
		defined = append(defined, d.Row())
	}
	for _, row := range defined {
		if !slices.Contains(documented, row) {
			t.Errorf("docs/check.md lacks this row:\n%s", row)
		}
	}
	for _, row := range documented {
		if !slices.Contains(defined, row) {
			t.Errorf("docs/check.md has a row that is no check:\n%s", row)
		}
	}
}

// valid checks what holds for every finding: it is defined, with its status, and has a remedy unless
// it is ok.
func valid(t *testing.T, findings ...check.Finding) {
	t.Helper()
	for _, f := range findings {
		i := slices.IndexFunc(check.Definitions(), func(d check.Definition) bool { return d.ID == f.ID })
		if i < 0 || !slices.Contains(check.Definitions()[i].Statuses, f.Status) {
			t.Errorf("%s with status %q is not defined", f.ID, f.Status)
		}
		if (f.Status == check.StatusOK) != (f.Remedy == nil) || f.Remedy != nil && f.Remedy.Text == "" {
			t.Errorf("%s, %s: remedy %+v", f.ID, f.Status, f.Remedy)
		}
		if f.Subject == "" {
			t.Errorf("%s has no subject", f.ID)
		}
	}
}

// summary has a line for each finding: status, identifier, subject and command.
func summary(findings ...check.Finding) string {
	var lines []string
	for _, f := range findings {
		line := string(f.Status) + " " + f.ID + " " + f.Subject
		if f.Remedy != nil && f.Remedy.Command != "" {
			line += " $ " + f.Remedy.Command
		}
		lines = append(lines, line)
	}
	return strings.Join(lines, "\n")
}

func ref(t *testing.T, text string) images.Ref {
	t.Helper()
	parsed, err := images.ParseRef(text)
	if err != nil {
		t.Fatal(err)
	}
	return parsed
}
