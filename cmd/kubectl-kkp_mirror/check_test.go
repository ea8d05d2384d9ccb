package main

import (
	"encoding/json"
	"os"
	"regexp"
	"slices"
	"strings"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/testscript"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/check"
)

// remedies runs the commands of a CheckReport in its order, each once with OLD replaced by NEW, and
// writes them to ran.txt: remedies [-only REGEXP] FILE [OLD NEW]. With -only, it runs the commands of the
// findings that match.
func remedies(ts *testscript.TestScript, _ bool, args []string) {
	only, args := onlyOf(ts, args)
	var commands []string
	for _, f := range findingsIn(ts, ts.ReadFile(args[0])) {
		if !only.MatchString(lineOf(f)) || f.Remedy == nil || f.Remedy.Command == "" || slices.Contains(commands, f.Remedy.Command) {
			continue
		}
		commands = append(commands, f.Remedy.Command)
		line := f.Remedy.Command
		if len(args) == 3 {
			line = strings.ReplaceAll(line, args[1], args[2])
		}
		if err := ts.Exec("sh", "-c", line); err != nil {
			ts.Fatalf("%s: %v", f.Remedy.Command, err)
		}
	}
	ts.Check(os.WriteFile(ts.MkAbs("ran.txt"), []byte(strings.Join(commands, "\n")+"\n"), 0o600))
}

// found wants the findings of a CheckReport that are not ok to be the lines of a file, in any order:
// found [-only REGEXP] FILE WANT. With -only, the other findings are ignored.
func found(ts *testscript.TestScript, _ bool, args []string) {
	only, args := onlyOf(ts, args)
	got := slices.DeleteFunc(notOK(ts, ts.ReadFile(args[0])), func(line string) bool { return !only.MatchString(line) })
	if diff := cmp.Diff(sorted(fileLines(ts, args[1])), got); diff != "" {
		ts.Fatalf("the findings are (-want +got):\n%s", diff)
	}
}

// onlyOf returns the value of -only, which matches everything by default, and the other arguments.
func onlyOf(ts *testscript.TestScript, args []string) (*regexp.Regexp, []string) {
	pattern := ""
	if len(args) > 1 && args[0] == "-only" {
		pattern, args = args[1], args[2:]
	}
	only, err := regexp.Compile(pattern)
	ts.Check(err)
	return only, args
}

// turns takes single things of an installation back, and wants exactly the findings of that to be
// added to a report: turns FILE COMMAND [ARG...]. COMMAND prints the report. FILE has a block for each
// thing: lines that begin with do: and undo: (shell commands, or "delete REFERENCE"), and lines with
// findings; those behind gone: are not in the report then.
func turns(ts *testscript.TestScript, _ bool, args []string) {
	before := report(ts, args[1:])
	for block := range strings.SplitSeq(ts.ReadFile(args[0]), "\n\n") {
		var undo []string
		want := slices.Clone(before)
		for _, line := range strings.Split(strings.TrimSpace(block), "\n") {
			if command, ok := strings.CutPrefix(line, "do: "); ok {
				act(ts, command)
			} else if command, ok := strings.CutPrefix(line, "undo: "); ok {
				undo = append(undo, command)
			} else if gone, ok := strings.CutPrefix(line, "gone: "); ok {
				want = slices.DeleteFunc(want, func(finding string) bool { return finding == gone })
			} else if !strings.HasPrefix(line, "#") {
				want = append(want, line)
			}
		}
		if diff := cmp.Diff(sorted(want), report(ts, args[1:])); diff != "" {
			ts.Fatalf("%s\nthe findings are (-want +got):\n%s", block, diff)
		}
		for _, command := range undo {
			act(ts, command)
		}
	}
	if diff := cmp.Diff(before, report(ts, args[1:])); diff != "" {
		ts.Fatalf("after everything was undone (-want +got):\n%s", diff)
	}
}

func act(ts *testscript.TestScript, command string) {
	if ref, ok := strings.CutPrefix(command, "delete "); ok {
		remove(ts, false, []string{ref})
		return
	}
	if err := ts.Exec("sh", "-c", command); err != nil {
		ts.Fatalf("%s: %v", command, err)
	}
}

// report runs a check that does not succeed in all, and returns its findings that are not ok.
func report(ts *testscript.TestScript, args []string) []string {
	if err := ts.Exec(args[0], args[1:]...); err != nil && !strings.HasSuffix(err.Error(), "status 3") {
		ts.Fatalf("%s: %v", strings.Join(args, " "), err)
	}
	return notOK(ts, ts.ReadFile("stdout"))
}

func notOK(ts *testscript.TestScript, report string) []string {
	var lines []string
	for _, f := range findingsIn(ts, report) {
		if f.Status == check.StatusOK {
			continue
		}
		lines = append(lines, lineOf(f))
	}
	return sorted(lines)
}

// lineOf is a finding in a line, with " $" at the end if it has a command.
func lineOf(f check.Finding) string {
	line := string(f.Status) + " " + f.ID + " " + f.Subject
	if f.Remedy != nil && f.Remedy.Command != "" {
		line += " $"
	}
	return line
}

func findingsIn(ts *testscript.TestScript, text string) []check.Finding {
	var r check.Report
	ts.Check(json.Unmarshal([]byte(text), &r))
	var all []check.Finding
	for _, group := range r.Sections {
		all = append(all, group.Findings...)
	}
	return all
}

func sorted(lines []string) []string {
	lines = slices.Clone(lines)
	slices.Sort(lines)
	return lines
}
