package main

import (
	"os"
	"path/filepath"
	"strings"

	"github.com/rogpeppe/go-internal/testscript"
)

// documentedRole writes a ClusterRole of docs/check.md, or the Role of docs/in-cluster.md, to a file:
// documentedrole NAME FILE.
func documentedRole(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: documentedrole NAME FILE")
	}
	for _, page := range []string{"check.md", "in-cluster.md"} {
		content, err := os.ReadFile(filepath.Join("..", "..", "docs", page))
		ts.Check(err)
		for block := range strings.SplitSeq(string(content), "```") {
			if text, ok := strings.CutPrefix(block, "yaml\n"); ok && strings.Contains(text, "\n  name: "+args[0]+"\n") {
				ts.Check(os.WriteFile(ts.MkAbs(args[1]), []byte(text), 0o600))
				return
			}
		}
	}
	ts.Fatalf("docs/check.md and docs/in-cluster.md have no role %s", args[0])
}
