package display

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/plugin/display/page"
)

// TestReviewChecks checks the page of the report of TestChecks: what the page is for, the counts, and
// findings with one remedy together.
func TestReviewChecks(t *testing.T) {
	r := report()
	r.Target, r.Upgrade = "registry.example.com/kkp", "v2.31.0"
	at := time.Date(2026, 11, 26, 9, 0, 0, 0, time.UTC)
	got := ReviewChecks(Subject{Title: "Check of an installation", Origin: "KKP v2.30.4 CE at kkp.example.com", Version: "v1.0.0", At: at}, r)
	got.Footing = ""
	want := page.Checks{
		Head: page.Head{
			Title: "Check of an installation",
			Facts: []page.Fact{
				{Name: "Installation", Value: "KKP v2.30.4 CE at kkp.example.com"},
				{Name: "Mirror", Value: "registry.example.com/kkp"},
				{Name: "Planned upgrade", Value: "v2.31.0"},
				{Name: "Written", Value: "2026-11-26 09:00 UTC"},
				{Name: "Written by", Value: "kubectl kkp-mirror v1.0.0"},
			},
			Alerts: []string{"The installation is not ready: 7 mirror.image-missing, 1 configuration.a"},
			Totals: []page.Fact{{Name: "Installation", Value: "not ready"}, {Name: "not ready", Value: "7"}, {Name: "unknown", Value: "1"}, {Name: "ok", Value: "1"}},
		},
		Sections: []page.Section{
			{Name: "mirror", Counts: "7 not ready, 1 ok", Findings: []page.Finding{
				{ID: "mirror.registry", State: "ok", Sign: "✓", Subjects: []page.Fact{{Name: "registry.example.com/kkp"}}},
				{
					ID: "mirror.image-missing", State: "not ready", Sign: "✗", Remedy: "copy the missing images", Command: "kubectl kkp-mirror sync registry.example.com/kkp",
					Subjects: []page.Fact{
						{Name: "quay.io/a/b:0", Value: "does not exist"},
						{Name: "quay.io/a/b:1", Value: "does not exist"},
						{Name: "quay.io/a/b:2", Value: "does not exist"},
						{Name: "quay.io/a/b:3", Value: "does not exist"},
						{Name: "quay.io/a/b:4", Value: "does not exist"},
						{Name: "quay.io/a/b:5", Value: "does not exist"},
						{Name: "quay.io/a/b:6", Value: "does not exist"},
					},
				},
			}},
			{Name: "configuration", Counts: "1 unknown", Findings: []page.Finding{
				{ID: "configuration.a", State: "unknown", Sign: "?", Subjects: []page.Fact{{Name: "Seed a\x1b[2K\nb", Value: "forbidden"}}, Remedy: "get the right"},
				{ID: "configuration.b", State: "warning, ignored", Sign: "!", Subjects: []page.Fact{{Name: "s"}}, Remedy: "t"},
			}},
		},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}
