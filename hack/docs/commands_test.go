package main

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"k8s.io/cli-runtime/pkg/genericiooptions"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/plugin"
)

// TestCommandsOfDocuments wants each command in the code blocks of the documents to exist, and to
// have the flags that it is called with.
func TestCommandsOfDocuments(t *testing.T) {
	files, err := filepath.Glob("../../docs/*.md")
	if err != nil {
		t.Fatal(err)
	}
	call := regexp.MustCompile(`kubectl kkp-mirror ([^#|>]*)`)
	long := regexp.MustCompile(`(?:^|\s)--([a-z][a-z-]+)`)
	seen := 0
	for _, file := range append(files, "../../README.md") {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		code := false
		for line := range strings.Lines(strings.ReplaceAll(string(text), "\\\n", " ")) {
			if strings.HasPrefix(line, "```") {
				code = !code
			}
			m := call.FindStringSubmatch(line)
			if !code || m == nil {
				continue
			}
			root := plugin.NewCommand(genericiooptions.NewTestIOStreamsDiscard())
			cmd, _, err := root.Find(strings.Fields(m[1]))
			if err != nil {
				t.Errorf("%s: %s: %v", file, strings.TrimSpace(line), err)
				continue
			}
			seen++
			for _, flag := range long.FindAllStringSubmatch(m[1], -1) {
				if cmd.Flags().Lookup(flag[1]) == nil && cmd.InheritedFlags().Lookup(flag[1]) == nil {
					t.Errorf("%s: %s has no flag --%s", file, cmd.CommandPath(), flag[1])
				}
			}
		}
	}
	if seen < 40 {
		t.Errorf("only %d commands found", seen)
	}
}
