package main

import (
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/rogpeppe/go-internal/testscript"
)

// blocksOf returns the code blocks of a document, by the heading that they are below. A block whose language is text has no
// commands, and is left out.
func blocksOf(document string) (map[string][]string, error) {
	text, err := os.ReadFile(filepath.Join("..", "..", filepath.FromSlash(document)))
	if err != nil {
		return nil, err
	}
	blocks := map[string][]string{}
	heading, code, kept := "", false, false
	for line := range strings.Lines(string(text)) {
		language, fence := strings.CutPrefix(strings.TrimSpace(line), "```")
		switch {
		case fence:
			code, kept = !code, !code && language != "text"
			if kept {
				blocks[heading] = append(blocks[heading], "")
			}
		case kept:
			blocks[heading][len(blocks[heading])-1] += line
		case !code && strings.HasPrefix(line, "#"):
			heading = strings.TrimSpace(strings.TrimLeft(line, "#"))
		}
	}
	return blocks, nil
}

// runDocument runs the commands below a heading of a document in a shell, all of them in their order, and expects the
// output that the document shows: document FILE HEADING [OLD NEW]... Each OLD is replaced with NEW, and must occur.
func runDocument(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 || len(args)%2 != 0 {
		ts.Fatalf("usage: document FILE HEADING [OLD NEW]...")
	}
	all, err := blocksOf(args[0])
	ts.Check(err)
	blocks, ok := all[args[1]]
	if !ok {
		ts.Fatalf("%s has no commands below %q", args[0], args[1])
	}
	for i := 2; i < len(args); i += 2 {
		if !slices.ContainsFunc(blocks, func(block string) bool { return strings.Contains(block, args[i]) }) {
			ts.Fatalf("the commands below %q have no %q:\n%s", args[1], args[i], strings.Join(blocks, "\n"))
		}
		for n := range blocks {
			blocks[n] = strings.ReplaceAll(blocks[n], args[i], args[i+1])
		}
	}
	silent := ""
	for _, block := range blocks {
		steps := session(block)
		if len(steps) == 0 {
			silent += block
			continue
		}
		runSilent(ts, silent)
		silent = ""
		runSession(ts, steps)
	}
	runSilent(ts, silent)
}

// runSilent runs commands whose output the document does not show.
func runSilent(ts *testscript.TestScript, commands string) {
	if commands != "" {
		ts.Check(ts.Exec("sh", "-euxc", commands))
	}
}

// runSession runs commands, and expects the output that the document shows, on stdout and stderr together.
func runSession(ts *testscript.TestScript, steps []step) {
	for _, step := range steps {
		ts.Check(ts.Exec("sh", "-euc", "{ "+step.command+"\n} 2>&1"))
		output := ts.ReadFile("stdout")
		if problem := differs(step.output, output); problem != "" {
			ts.Fatalf("$ %s\n%s\nThe whole output:\n%s", step.command, problem, output)
		}
	}
}
