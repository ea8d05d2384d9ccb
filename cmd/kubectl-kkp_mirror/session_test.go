package main

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// step is a command in a document, with the output that the document shows.
type step struct {
	command string
	output  []string // none: the output is not shown
}

// session reads a code block in which each command begins with "$ ", and its output follows; nil for other blocks.
func session(block string) []step {
	var steps []step
	for line := range strings.Lines(block) {
		line = strings.TrimRight(line, "\n")
		if command, ok := strings.CutPrefix(line, "$ "); ok {
			steps = append(steps, step{command: command})
		} else if len(steps) > 0 && line != "" {
			last := &steps[len(steps)-1]
			last.output = append(last.output, line)
		}
	}
	return steps
}

// differs compares the output of a command with the lines that a document shows of it, and returns the first difference, ""
// for none. The lines must be equal, in the same order, with three exceptions:
//
//   - "..." in the document is any number of lines;
//   - sizes and durations may be others: a size is a number and B, KiB, MiB or GiB, a duration a number and ms, s or min;
//   - any number of spaces is one space, because the columns of a table are as wide as their longest value, and empty lines
//     do not count.
//
// If the document shows no line, any output is right.
func differs(shown []string, output string) string {
	if len(shown) == 0 {
		return ""
	}
	var rest []string
	for line := range strings.Lines(output) {
		if line = stable(line); line != "" {
			rest = append(rest, line)
		}
	}
	skip := false
	for _, line := range shown {
		if strings.TrimSpace(line) == "..." {
			skip = true
			continue
		}
		i := slices.Index(rest, stable(line))
		if i < 0 {
			return "The output lacks a line that the document shows:\n" + line
		}
		if i > 0 && !skip {
			return fmt.Sprintf("The document does not show a line of the output:\n%s\nbefore:\n%s", rest[0], line)
		}
		rest, skip = rest[i+1:], false
	}
	if len(rest) > 0 && !skip {
		return "The document does not show a line at the end of the output:\n" + rest[0]
	}
	return ""
}

// stable is a line without what may be other in the next run.
func stable(line string) string {
	line = regexp.MustCompile(`\b\d+(\.\d+)? (B|KiB|MiB|GiB)\b`).ReplaceAllString(line, "SIZE")
	line = regexp.MustCompile(`\b\d+(\.\d+)? (ms|s|min)\b`).ReplaceAllString(line, "DURATION")
	return strings.Join(strings.Fields(line), " ")
}

func TestDiffers(t *testing.T) {
	for _, c := range []struct {
		shown  string
		output string
		same   bool
	}{
		{"a\nb", "a\n\nb\n", true},
		{"a\nb", "b\na\n", false},
		{"a", "a\nb\n", false},
		{"b", "a\nb\n", false},
		{"a\nc", "a\nb\nc\n", false},
		{"a\n...", "a\nb\n", true},
		{"...\nb", "a\nb\n", true},
		{"a\n...\nc", "a\nb\nc\n", true},
		{"...\nc", "a\nb\n", false},
		{"IMAGE   SOURCE", "IMAGE  SOURCE\n", true},
		{"IMAGE   SOURCE", "IMAGESOURCE\n", false},
		{"copied a (321.9 KiB, 0.5 s)", "copied a (1 MiB, 12.0 min)\n", true},
		{"copied a (321.9 KiB, 0.5 s)", "copied b (321.9 KiB, 0.5 s)\n", false},
		{"87 copied", "88 copied\n", false},
		{"  a", "a\n", true},
	} {
		if problem := differs(strings.Split(c.shown, "\n"), c.output); (problem == "") != c.same {
			t.Errorf("%q of %q: %s", c.shown, c.output, problem)
		}
	}
	if problem := differs(nil, "a\n"); problem != "" {
		t.Error(problem)
	}
}

func TestSession(t *testing.T) {
	if got := session("kubectl get pods\n"); got != nil {
		t.Errorf("got %v", got)
	}
	got := session("$ a --b   # c\nd\n\n  e\n$ f\n")
	if want := "[{a --b   # c [d   e]} {f []}]"; fmt.Sprint(got) != want {
		t.Errorf("got %v, want %s", got, want)
	}
}
