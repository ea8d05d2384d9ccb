package files

import (
	"cmp"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/files/trace"
)

// left are the gaps of a profile in all machines that were traced: calls of programs that
// download which no trace reached, and addresses that are written in the profile and were
// neither reached nor are known to be no download.
func (t *tracer) left() []trace.Gap {
	gaps := t.unreached()
	comments, addresses := commentPattern(), addressPattern()
	for _, source := range t.object.Sources() {
		for i, line := range strings.Split(withoutComments(source.Text, comments), "\n") {
			for _, found := range addressesIn(line, addresses) {
				if !t.accounted(source.Where, found) && !names(gaps, found.text) {
					gaps = append(gaps, trace.Gap{
						Where: fmt.Sprintf("%s:%d", source.Where, i+1),
						Text:  "the address " + found.text + " is written here, and no traced script uses it",
					})
				}
			}
		}
	}
	slices.SortFunc(gaps, func(a, b trace.Gap) int { return cmp.Or(cmp.Compare(a.Where, b.Where), cmp.Compare(a.Text, b.Text)) })
	return slices.Compact(gaps)
}

// unreached are the calls that no trace reached.
func (t *tracer) unreached() []trace.Gap {
	type key struct{ file, text string }
	reached, first := map[key]bool{}, map[key]trace.Call{}
	var order []key
	for i, d := range t.done {
		for _, c := range d.found.Calls {
			k := key{c.File, c.Text}
			if _, known := first[k]; !known && i < t.asked {
				first[k] = c
				order = append(order, k)
			}
			reached[k] = reached[k] || c.Reached
		}
	}
	var gaps []trace.Gap
	told := map[string]bool{} // a line differs between versions of Kubernetes
	for _, k := range order {
		c := first[k]
		where := fmt.Sprintf("%s:%d", c.File, c.Line)
		if !reached[k] && !local(c.Text) && !told[where] {
			told[where] = true
			gaps = append(gaps, trace.Gap{Where: where, Text: "no trace reaches this download: " + c.Text})
		}
	}
	return gaps
}

// local tells whether all addresses of a call are of the machine itself.
func local(text string) bool {
	found := addressesIn(text, addressPattern())
	return len(found) > 0 && !slices.ContainsFunc(found, func(a address) bool { return !isLocal(a.text) })
}

func isLocal(text string) bool {
	_, rest, _ := strings.Cut(text, "://")
	host, _, _ := strings.Cut(rest, "/")
	return strings.HasPrefix(host, "127.") || strings.HasPrefix(host, "localhost") || strings.HasPrefix(host, "[::1]") || strings.HasPrefix(host, "169.254.")
}

// address is an address in a line of a profile.
type address struct {
	before string // in the line
	text   string // up to where it is not written any more
}

func addressPattern() *regexp.Regexp { return regexp.MustCompile(`(?i)https?://[^\s"'<>|)(;,\\]*`) }

func commentPattern() *regexp.Regexp { return regexp.MustCompile(`(?s)\{\{-?\s*/\*.*?\*/\s*-?\}\}`) }

// addressesIn are the http addresses in a line.
func addressesIn(line string, pattern *regexp.Regexp) []address {
	var all []address
	for _, at := range pattern.FindAllStringIndex(line, -1) {
		text := line[at[0]:at[1]]
		if end := strings.IndexAny(text, "${`*#"); end >= 0 {
			text = text[:end]
		}
		all = append(all, address{line[:at[0]], text})
	}
	return all
}

// accounted tells whether it is known what an address is for.
func (t *tracer) accounted(where string, a address) bool {
	before := strings.ToLower(a.before)
	switch {
	case a.text == "http://" || a.text == "https://": // the host is a variable: traced where it is used
		return true
	case isLocal(a.text), strings.Contains(before, "proxy"), isComment(a.before):
		return true
	case strings.HasPrefix(strings.TrimSpace(a.before), "Documentation="):
		return true
	case strings.HasPrefix(where, "/etc/containerd/"): // registries, whose images are no files
		return true
	case slices.ContainsFunc(t.api, func(api string) bool { return strings.HasPrefix(a.text, api) }):
		return true
	case strings.Contains(a.text, "/api/v1/namespaces/cloud-init-settings/secrets/"):
		return true
	}
	return slices.ContainsFunc(t.done, func(d traced) bool { return reaches(d.found, a.text) })
}

// reaches tells whether an address, or one that begins with it, was found: as a download,
// a repository, or a gap that names it.
func reaches(found trace.Found, text string) bool {
	return slices.ContainsFunc(found.Downloads, func(d trace.Download) bool { return strings.HasPrefix(d.URL, text) }) ||
		slices.ContainsFunc(found.Repositories, func(r trace.Repository) bool {
			return strings.HasPrefix(r.URL, text) || strings.Contains(r.Entry, text)
		}) ||
		names(found.Gaps, text)
}

// names tells whether a gap names an address.
func names(gaps []trace.Gap, text string) bool {
	return slices.ContainsFunc(gaps, func(g trace.Gap) bool { return strings.Contains(g.Text, text) })
}

// withoutComments blanks the comments of templates; lines stay where they are.
func withoutComments(text string, pattern *regexp.Regexp) string {
	return pattern.ReplaceAllStringFunc(text, func(comment string) string {
		return strings.Repeat("\n", strings.Count(comment, "\n"))
	})
}

// isComment tells whether a line is in a comment at its end: behind a "#" that begins a
// word and is in no quotes.
func isComment(before string) bool {
	quote := rune(0)
	previous := ' '
	for _, r := range before {
		switch {
		case quote != 0:
			if r == quote {
				quote = 0
			}
		case r == '"' || r == '\'':
			quote = r
		case r == '#' && (previous == ' ' || previous == '\t'):
			return true
		}
		previous = r
	}
	return false
}
