package page_test

import (
	"bytes"
	"encoding/csv"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/plugin/display/page"
)

// sample is a page with a number of images, each with 40 blobs, of which most are shared.
func sample(number int) page.Page {
	p := page.Page{Head: page.Head{Title: "Images", Facts: []page.Fact{{Name: "Digest of the list", Value: "sha256:" + strings.Repeat("0", 64)}}}, States: "State", Blobs: make([]int64, 4000)}
	for i := range number {
		row := page.Row{
			Name: fmt.Sprintf("quay.io/kubermatic/some-component-%d:v2.31.%d", i, i), Kind: "image", State: "new", Size: int64(i) << 20, SizeText: fmt.Sprintf("%d MiB", i), Created: "2026-11-01",
			Registry: "quay.io", Sources: []string{"components", "running"}, Clusters: []string{"master", "frankfurt"}, Platforms: []string{"linux/amd64", "linux/arm64"},
			Details: []page.Fact{{Name: "digest", Value: "sha256:" + strings.Repeat("ab", 32)}, {Name: "platform", Value: "linux/amd64 12.0 MiB"}},
		}
		for n := range 6 {
			row.Reasons = append(row.Reasons, fmt.Sprintf("components: component-%d on Seed frankfurt (Kubernetes 1.34.9, aws)", n))
		}
		for n := range 40 {
			row.Blobs = append(row.Blobs, (i*8+n*97)%4000)
		}
		p.Rows = append(p.Rows, row)
	}
	return p
}

func write(t *testing.T, p interface{ HTML(out io.Writer) error }) string {
	t.Helper()
	var out bytes.Buffer
	if err := p.HTML(&out); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

func TestPageOf500ImagesIsSmall(t *testing.T) {
	if size := len(write(t, sample(500))); size > 1<<20 {
		t.Errorf("the page has %d bytes", size)
	}
}

// Nothing in a page refers to another file or host, and only its own script may run.
func TestPageNeedsNothingElse(t *testing.T) {
	for text, scripts := range map[string]int{write(t, sample(3)): 2, write(t, findings(3)): 1} {
		needsNothingElse(t, text, scripts)
	}
}

func needsNothingElse(t *testing.T, text string, scripts int) {
	t.Helper()
	for _, found := range regexp.MustCompile(`(?i)\b(src|href|action|url|import)\s*[=(]\s*["']?[^"'>) ]*`).FindAllString(text, -1) {
		if !slices.Contains([]string{`href="#images`, `href="#findings`, `href="data:,`}, found) {
			t.Errorf("the page refers to %s", found)
		}
	}
	if n := strings.Count(text, "<script"); n != scripts || !strings.Contains(text, `content="default-src 'none'; style-src 'sha256-`) {
		t.Errorf("%d scripts, or no content security policy", n)
	}
}

// hostile are texts of others that must show as text.
func hostile() []string {
	return []string{`<script>alert(1)</script>`, `javascript:alert(1)`, `"><img src=x onerror=alert(1)>`, `</script><script>alert(1)</script>`, `{{.Title}}`, "<!--", strings.Repeat("x", 10_000)}
}

func TestHostileTexts(t *testing.T) {
	for _, text := range hostile() {
		all := []string{text}
		row := page.Row{
			Name: text, Kind: text, State: text, Change: text, SizeText: text, Created: text, Registry: text, Sources: all, Clusters: all, Platforms: all,
			Details: []page.Fact{{Name: text, Value: text}}, Reasons: all,
		}
		p := page.Page{
			Head:   page.Head{Title: text, Facts: []page.Fact{{Name: text, Value: text}}, Alerts: all, Notes: all, Totals: []page.Fact{{Name: text, Value: text}}, Footing: text},
			Charts: []page.Chart{{Title: text, Bars: []page.Bar{{Name: text, Text: text}}}}, States: text, Rows: []page.Row{row},
		}
		got, plain := write(t, p), write(t, sample(1))
		for _, tag := range []string{"<script", "<img", "<!--", "</script"} {
			if strings.Count(got, tag) != strings.Count(plain, tag) {
				t.Errorf("%.40q: %s is markup", text, tag)
			}
		}
		if strings.Contains(got, `href="javascript:`) {
			t.Errorf("%.40q is a link", text)
		}
	}
}

func TestCSV(t *testing.T) {
	p := sample(2)
	p.Rows[1].Change = "changed"
	p.Rows[1].Details = append(p.Rows[1].Details, page.Fact{Name: "licenses", Value: `=HYPERLINK("http://x")`}, page.Fact{Name: "platform", Value: "linux/arm64 1 MiB"})
	var out bytes.Buffer
	if err := p.CSV(&out); err != nil {
		t.Fatal(err)
	}
	rows, err := csv.NewReader(&out).ReadAll()
	if err != nil || len(rows) != 3 {
		t.Fatal(rows, err)
	}
	column := map[string]int{}
	for i, name := range rows[0] {
		column[name] = i
	}
	for name, want := range map[string]string{"bytes": "1048576", "state": "new", "change": "changed", "licenses": `'=HYPERLINK("http://x")`, "platform": "linux/amd64 12.0 MiB; linux/arm64 1 MiB", "sources": "components running"} {
		if got := rows[2][column[name]]; got != want {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
	if rows[1][column["licenses"]] != "" {
		t.Errorf("got %q", rows[1])
	}
}

// No text is executed or changes the number of elements.
func FuzzPage(f *testing.F) {
	for _, text := range hostile() {
		f.Add(text, text)
	}
	f.Fuzz(func(t *testing.T, name, value string) {
		p := page.Page{States: "State", Rows: []page.Row{{Name: name, State: value, Sources: []string{value}, Details: []page.Fact{{Name: "licenses", Value: value}}}}}
		var out, plain bytes.Buffer
		if err := p.HTML(&out); err != nil {
			t.Fatal(err)
		}
		p.Rows[0] = page.Row{Name: "a", State: "b", Sources: []string{"c"}, Details: []page.Fact{{Name: "licenses", Value: "d"}}}
		if err := p.HTML(&plain); err != nil {
			t.Fatal(err)
		}
		if got := strings.Count(out.String(), "<script"); got != 2 {
			t.Errorf("%d scripts", got)
		}
		if got, want := strings.Count(out.String(), "<"), strings.Count(plain.String(), "<"); value != "" && got != want { // without values, a filter is left out
			t.Errorf("%d tags, want %d", got, want)
		}
	})
}
