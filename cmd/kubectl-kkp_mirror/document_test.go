package main

import (
	"os"
	"slices"
	"strings"

	"github.com/rogpeppe/go-internal/testscript"
)

// walkThrough is a part of a document whose commands a script runs: the code blocks below its headings.
type walkThrough struct {
	blocks map[string]string // commands by heading
	run    []string          // headings whose commands were run
}

// readWalkThrough reads the part of a document below a heading of the second level.
func readWalkThrough(file, part string) (*walkThrough, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	w := &walkThrough{blocks: map[string]string{}}
	heading, in, code := "", false, false
	for line := range strings.Lines(string(text)) {
		switch {
		case strings.HasPrefix(line, "```"):
			code = !code
		case code && in:
			w.blocks[heading] += line
		case !code && strings.HasPrefix(line, "## "):
			in = strings.TrimSpace(line) == "## "+part
		case !code && strings.HasPrefix(line, "### "):
			heading = strings.TrimSpace(strings.TrimPrefix(line, "### "))
		}
	}
	return w, nil
}

// verb runs the commands below a heading of the document in a shell, all of them. Each OLD is replaced with NEW, and
// must occur: document HEADING [OLD NEW]... Without arguments, it expects that all commands of the part were run.
func (w *walkThrough) verb(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) > 0 && len(args)%2 == 0 {
		ts.Fatalf("usage: document [HEADING [OLD NEW]...]")
	}
	if len(args) == 0 {
		for heading := range w.blocks {
			if !slices.Contains(w.run, heading) {
				ts.Fatalf("the commands of %q were not run", heading)
			}
		}
		return
	}
	commands, ok := w.blocks[args[0]]
	if !ok {
		ts.Fatalf("the document has no commands below %q", args[0])
	}
	for i := 1; i < len(args); i += 2 {
		if !strings.Contains(commands, args[i]) {
			ts.Fatalf("the commands below %q have no %q:\n%s", args[0], args[i], commands)
		}
		commands = strings.ReplaceAll(commands, args[i], args[i+1])
	}
	w.run = append(w.run, args[0])
	ts.Check(ts.Exec("sh", "-euxc", commands))
}
