package page_test

import (
	"bytes"
	"encoding/csv"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/plugin/display/page"
)

// findings is a page with a number of subjects that have one remedy, and one finding that is ok.
func findings(number int) page.Checks {
	missing := page.Finding{ID: "mirror.image-missing", State: "not ready", Sign: "✗", Remedy: "copy the images", Command: "kubectl kkp-mirror sync registry.example.com/kkp"}
	for i := range number {
		missing.Subjects = append(missing.Subjects, page.Fact{Name: fmt.Sprintf("quay.io/kubermatic/some-component-%d:v2.31.%d", i, i), Value: "registry.example.com/kkp does not have the image"})
	}
	return page.Checks{
		Head: page.Head{Title: "Check", Facts: []page.Fact{{Name: "Mirror", Value: "registry.example.com/kkp"}}},
		Sections: []page.Section{
			{Name: "access", Counts: "1 ok", Findings: []page.Finding{{ID: "access.rights", State: "ok", Sign: "✓", Subjects: []page.Fact{{Name: "master"}}}}},
			{Name: "mirror", Counts: fmt.Sprint(number, " not ready"), Findings: []page.Finding{missing}},
		},
	}
}

func TestPageOf500FindingsIsSmall(t *testing.T) {
	text := write(t, findings(500))
	if len(text) > 1<<20 {
		t.Errorf("the page has %d bytes", len(text))
	}
	if n := strings.Count(text, "<pre class"); n != 1 {
		t.Errorf("one command is shown %d times", n)
	}
	for _, want := range []string{"501 findings", "<summary>and 492 more</summary>", "<option>not ready</option>", "<option>access</option>"} {
		if !strings.Contains(text, want) {
			t.Errorf("%q is missing", want)
		}
	}
}

// TestHostileFindings shows texts of others in every place of a finding.
func TestHostileFindings(t *testing.T) {
	for _, text := range hostile() {
		fact := []page.Fact{{Name: text, Value: text}}
		c := page.Checks{
			Head: page.Head{Title: text, Facts: fact, Alerts: []string{text}, Notes: []string{text}, Totals: fact, Footing: text},
			Sections: []page.Section{{Name: text, Counts: text, Findings: []page.Finding{
				{ID: text, State: text, Sign: text, Subjects: fact, Remedy: text, Command: text},
			}}},
		}
		got, plain := write(t, c), write(t, findings(1))
		for _, tag := range []string{"<script", "<img", "<!--", "</script", "<pre"} {
			if strings.Count(got, tag) != strings.Count(plain, tag) {
				t.Errorf("%.40q: %s is markup", text, tag)
			}
		}
		if strings.Contains(got, `href="javascript:`) {
			t.Errorf("%.40q is a link", text)
		}
	}
}

func TestCSVOfFindings(t *testing.T) {
	c := findings(2)
	c.Sections[1].Findings[0].Subjects[1].Name = "=1+1"
	var out bytes.Buffer
	if err := c.CSV(&out); err != nil {
		t.Fatal(err)
	}
	rows, err := csv.NewReader(&out).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	want := [][]string{
		{"section", "state", "id", "subject", "reason", "remedy", "command"},
		{"access", "ok", "access.rights", "master", "", "", ""},
		{"mirror", "not ready", "mirror.image-missing", "quay.io/kubermatic/some-component-0:v2.31.0", "registry.example.com/kkp does not have the image", "copy the images", "kubectl kkp-mirror sync registry.example.com/kkp"},
		{"mirror", "not ready", "mirror.image-missing", "'=1+1", "registry.example.com/kkp does not have the image", "copy the images", "kubectl kkp-mirror sync registry.example.com/kkp"},
	}
	if !slices.EqualFunc(rows, want, slices.Equal) {
		t.Errorf("got %q", rows)
	}
}
