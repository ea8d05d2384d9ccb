package files

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/files/address"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/files/trace"
)

// left are the gaps of a profile in all machines that were traced: calls of programs that
// download which no trace reached, and addresses that are written in the profile and were
// neither reached nor are known to be no download.
func (t *tracer) left() []trace.Gap {
	gaps := t.unreached()
	for _, source := range t.object.Sources() {
		for _, found := range address.Find(source.Text) {
			if !t.accounted(source.Where, found) && !names(gaps, found.Text) {
				gaps = append(gaps, trace.Gap{
					Where: fmt.Sprintf("%s:%d", source.Where, strings.Count(source.Text[:found.At], "\n")+1),
					Text:  "the address " + found.Text + " is written here, and no traced script uses it",
				})
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
	found := address.Find(text)
	return len(found) > 0 && !slices.ContainsFunc(found, func(a address.Address) bool { return !address.IsLocal(a.Text) })
}

// accounted tells whether it is known what an address is for.
func (t *tracer) accounted(where string, a address.Address) bool {
	before := strings.ToLower(a.Before)
	switch {
	case a.Text == "http://" || a.Text == "https://": // the host is a variable: traced where it is used
		return true
	case address.IsLocal(a.Text), strings.Contains(before, "proxy"), address.InComment(a.Before):
		return true
	case strings.HasPrefix(strings.TrimSpace(a.Before), "Documentation="):
		return true
	case strings.HasPrefix(where, "/etc/containerd/"): // registries, whose images are no files
		return true
	case slices.ContainsFunc(t.api, func(api string) bool { return strings.HasPrefix(a.Text, api) }):
		return true
	case strings.Contains(a.Text, "/api/v1/namespaces/cloud-init-settings/secrets/"):
		return true
	}
	return slices.ContainsFunc(t.done, func(d traced) bool { return reaches(d.found, a.Text) })
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
