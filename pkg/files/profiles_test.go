package files_test

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/tools/txtar"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/files"
)

// TestProfiles traces small profiles, and compares with what their authors would say.
func TestProfiles(t *testing.T) {
	names, err := filepath.Glob("testdata/*.txtar")
	if err != nil || len(names) < 5 {
		t.Fatalf("%d profiles, %v", len(names), err)
	}
	for _, name := range names {
		t.Run(strings.TrimSuffix(filepath.Base(name), ".txtar"), func(t *testing.T) {
			archive, err := txtar.ParseFile(name)
			if err != nil {
				t.Fatal(err)
			}
			parts := map[string]string{}
			for _, f := range archive.Files {
				parts[f.Name] = string(f.Data)
			}
			answer := traceText(t, parts["profile.yaml"], files.Case{Kubernetes: "1.35.7", Provider: "aws", Architecture: "amd64"})
			if diff := cmp.Diff(lines(parts["want"]), summary(answer)); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
		})
	}
}

func lines(text string) []string {
	all := strings.Split(strings.TrimSpace(text), "\n")
	slices.Sort(all)
	return all
}

// summary writes what was found, a line for each.
func summary(answer files.Answer) []string {
	var all []string
	for _, found := range answer.Results {
		for _, d := range found.Downloads {
			all = append(all, fmt.Sprintf("download %s (%s)", d.URL, d.Where))
		}
		for _, p := range found.Packages {
			all = append(all, fmt.Sprintf("%s package %s (%s)", p.Manager, p.Name, p.Where))
		}
		for _, r := range found.Repositories {
			all = append(all, fmt.Sprintf("repository %s: %s (%s)", r.URL, r.Entry, r.Where))
		}
		answer.Gaps = append(answer.Gaps, found.Gaps...)
	}
	for _, g := range answer.Gaps {
		all = append(all, fmt.Sprintf("gap %s: %s", g.Where, g.Text))
	}
	slices.Sort(all)
	return all
}
