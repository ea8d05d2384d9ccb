package archtest

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// TestActionsArePinned wants each action of a workflow to be named by its commit, with the version
// as a comment: tags of actions can move.
func TestActionsArePinned(t *testing.T) {
	files, err := filepath.Glob("../../.github/workflows/*.yaml")
	if err != nil || len(files) < 4 {
		t.Fatalf("workflows are %q, %v", files, err)
	}
	pinned := regexp.MustCompile(`uses: [\w.-]+/[\w./-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+$`)
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		used := 0
		for line := range strings.Lines(string(text)) {
			line = strings.TrimSpace(line)
			if !strings.Contains(line, "uses:") {
				continue
			}
			used++
			if !pinned.MatchString(line) {
				t.Errorf("%s: %q is not pinned to a commit with its version", file, line)
			}
		}
		if used == 0 {
			t.Errorf("%s uses no action", file)
		}
	}
}
