package main

import (
	"os"
	"path/filepath"
	"strings"

	"github.com/rogpeppe/go-internal/testscript"
)

// documentedRole writes a ClusterRole of docs/check.md to a file: documentedrole NAME FILE.
func documentedRole(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: documentedrole NAME FILE")
	}
	page, err := os.ReadFile(filepath.Join("..", "..", "docs", "check.md"))
	ts.Check(err)
	for block := range strings.SplitSeq(string(page), "```") {
		if text, ok := strings.CutPrefix(block, "yaml\n"); ok && strings.Contains(text, "\n  name: "+args[0]+"\n") {
			ts.Check(os.WriteFile(ts.MkAbs(args[1]), []byte(text), 0o600))
			return
		}
	}
	ts.Fatalf("docs/check.md has no ClusterRole %s", args[0])
}
