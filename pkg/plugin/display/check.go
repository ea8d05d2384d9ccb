package display

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/check"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/plugin/terminal"
)

const (
	yellow = "\x1b[33m"
	bold   = "\x1b[1m"
	dim    = "\x1b[2m"

	nothingToCheck = "nothing to check" // as in an installation without Helm releases

	alike = 5 // findings with one remedy that are shown; a document has all
)

// mark is the sign of a status, with its colour.
type mark struct{ sign, colour string }

func markOf(status check.Status) mark {
	return map[check.Status]mark{
		check.StatusOK: {"✓", green}, check.StatusWarning: {"!", yellow}, check.StatusNotReady: {"✗", red}, check.StatusUnknown: {"?", cyan},
	}[status]
}

// tree writes findings. Texts of others are escaped before colours are added.
type tree struct {
	out    io.Writer
	colour bool
	width  int // of the terminal; 0: lines are not wrapped
}

// Checks prints the findings of a report as a tree. On a terminal, it has colours (without NO_COLOR),
// and texts are wrapped; commands are not, so that they can be copied.
func Checks(out io.Writer, report check.Report) {
	t := tree{out: terminal.Raw(out), colour: terminal.Is(out), width: terminal.Width(out)} //nolint:forbidigo // the colours are our own, the text is escaped
	for _, group := range report.Sections {
		t.line("", bold, string(group.Section))
		for _, same := range runs(group.Findings, sameRemedy) {
			t.findings(same)
		}
		if len(group.Findings) == 0 {
			t.line("  ", dim, nothingToCheck)
		}
		fmt.Fprintln(t.out)
	}
}

// runs divides findings into those that follow each other and are the same.
func runs(findings []check.Finding, same func(a, b check.Finding) bool) [][]check.Finding {
	var all [][]check.Finding
	for i, f := range findings {
		if i == 0 || !same(findings[i-1], f) {
			all = append(all, nil)
		}
		all[len(all)-1] = append(all[len(all)-1], f)
	}
	return all
}

// sameRemedy reports whether findings have one status and remedy.
func sameRemedy(a, b check.Finding) bool {
	if a.Status != b.Status || a.Ignored != b.Ignored || a.Remedy == nil || b.Remedy == nil {
		return false
	}
	return *a.Remedy == *b.Remedy
}

// identifiers are the identifiers of findings, each once.
func identifiers(findings []check.Finding) string {
	var ids []string
	for _, f := range findings {
		if !slices.Contains(ids, f.ID) {
			ids = append(ids, f.ID)
		}
	}
	return strings.Join(ids, ", ")
}

// findings prints findings with one remedy: the first few, and the remedy once.
func (t tree) findings(same []check.Finding) {
	shown := same
	if len(same) > alike+1 {
		shown = same[:alike]
	}
	m := markOf(same[0].Status)
	for _, f := range shown {
		text := f.Subject
		if f.Reason != "" {
			text += ": " + f.Reason
		}
		if f.Ignored {
			t.line("  "+m.sign+" ", dim, text+" (ignored)")
			continue
		}
		t.marked(m, text)
	}
	if rest := len(same) - len(shown); rest > 0 {
		t.line("    ", dim, fmt.Sprintf("and %d more; -o json has all", rest))
	}
	if remedy := same[0].Remedy; remedy != nil && !same[0].Ignored {
		t.line("    ", "", "→ "+remedy.Text+" ["+identifiers(same)+"]")
		if remedy.Command != "" {
			fmt.Fprintln(t.out, "      "+terminal.Escape(remedy.Command))
		}
	}
}

// marked prints a finding behind its sign.
func (t tree) marked(m mark, text string) {
	lines := t.wrapped("    ", text)
	fmt.Fprintln(t.out, "  "+t.in(m.colour, m.sign)+" "+strings.Join(lines, "\n    "))
}

// line prints a text in a colour, behind a beginning.
func (t tree) line(begin, colour, text string) {
	lines := t.wrapped(begin, text)
	for i := range lines {
		lines[i] = t.in(colour, lines[i])
	}
	fmt.Fprintln(t.out, begin+strings.Join(lines, "\n"+strings.Repeat(" ", utf8.RuneCountInString(begin))))
}

func (t tree) in(colour, text string) string {
	if !t.colour || colour == "" {
		return text
	}
	return colour + text + normal
}

// wrapped divides a text into lines that fit behind a beginning. A word that is longer than a line
// is cut.
func (t tree) wrapped(begin, text string) []string {
	text = terminal.Escape(oneLine(text))
	room := t.width - utf8.RuneCountInString(begin)
	if t.width == 0 || room < narrowed {
		return []string{text}
	}
	var lines []string
	line := ""
	for _, word := range strings.Fields(text) {
		for utf8.RuneCountInString(word) > room {
			if line != "" {
				lines, line = append(lines, line), ""
			}
			runes := []rune(word)
			lines, word = append(lines, string(runes[:room])), string(runes[room:])
		}
		switch {
		case line == "":
			line = word
		case utf8.RuneCountInString(line)+1+utf8.RuneCountInString(word) <= room:
			line += " " + word
		default:
			lines, line = append(lines, line), word
		}
	}
	return append(lines, line)
}

// Verdicts prints whether an installation is ready, with the numbers of findings.
func Verdicts(out io.Writer, report check.Report, took time.Duration) {
	t := tree{out: terminal.Raw(out), colour: terminal.Is(out)} //nolint:forbidigo // the colours are our own, the text is escaped
	verdict, colour := "Not ready", red
	if report.Ready {
		verdict, colour = "Ready", green
	}
	var counts []string
	for _, status := range statuses() {
		if n := report.Count(status); n > 0 {
			m := markOf(status)
			counts = append(counts, t.in(m.colour, fmt.Sprintf("%d %s", n, m.sign)))
		}
	}
	if len(counts) == 0 {
		counts = []string{nothingToCheck}
	}
	fmt.Fprintf(t.out, "%s: %s in %.1f s\n", t.in(colour, verdict), strings.Join(counts, ", "), took.Seconds())
}

// Lacking says in one line what keeps an installation from being ready: how many findings there are
// of each check.
func Lacking(report check.Report) string {
	var ids []string
	counts := map[string]int{}
	for _, group := range report.Sections {
		for _, f := range group.Findings {
			if f.Ignored || f.Status != check.StatusNotReady && f.Status != check.StatusUnknown {
				continue
			}
			if counts[f.ID]++; counts[f.ID] == 1 {
				ids = append(ids, f.ID)
			}
		}
	}
	for i, id := range ids {
		ids[i] = fmt.Sprintf("%d %s", counts[id], id)
	}
	return "not ready: " + strings.Join(ids, ", ")
}
