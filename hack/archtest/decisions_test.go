package archtest

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// TestDecisions wants each decision record to have its number, a date and a status, and the index to
// list all records by their titles.
func TestDecisions(t *testing.T) {
	files, err := filepath.Glob("../../docs/adr/0*.md")
	if err != nil || len(files) < 50 {
		t.Fatalf("%d records, %v", len(files), err)
	}
	head := regexp.MustCompile(`\A# (\d+)\. ([^\n]+)\n\nDate: \d{4}-\d{2}-\d{2}\. Status: (accepted|superseded by ADR \d+)\.( [^\n]+)?\n\n`)
	var index []string
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		name := filepath.Base(file)
		number, err := strconv.Atoi(name[:4])
		if err != nil {
			t.Fatal(err)
		}
		m := head.FindStringSubmatch(string(text))
		if m == nil || m[1] != strconv.Itoa(number) {
			t.Errorf("docs/adr/%s does not begin with \"# %d. TITLE\", an empty line, and \"Date: YYYY-MM-DD. Status: accepted.\"", name, number)
			continue
		}
		index = append(index, fmt.Sprintf("- [%s. %s](%s)", m[1], m[2], name))
	}
	text, err := os.ReadFile("../../docs/adr/README.md")
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(text)) {
		line = strings.TrimSpace(line)
		if i := slices.Index(index, line); i >= 0 {
			index = slices.Delete(index, i, i+1)
		} else if strings.HasPrefix(line, "- [") {
			t.Errorf("the index has a line of no record: %s", line)
		}
	}
	for _, line := range index {
		t.Errorf("docs/adr/README.md lacks the line: %s", line)
	}
}
