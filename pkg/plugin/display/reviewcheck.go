package display

import (
	"cmp"
	"fmt"
	"strings"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/check"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/plugin/display/page"
)

// statuses returns the results of checks, those that count most first.
func statuses() []check.Status {
	return []check.Status{check.StatusNotReady, check.StatusUnknown, check.StatusWarning, check.StatusOK}
}

// ReviewChecks returns the page of a check: its findings, in the order of the report.
func ReviewChecks(s Subject, report check.Report) page.Checks {
	c := page.Checks{Head: page.Head{
		Title: s.Title,
		Facts: s.with([]page.Fact{
			{Name: "Installation", Value: s.Origin},
			{Name: "Mirror", Value: cmp.Or(report.Target, "not known")},
			{Name: "Planned upgrade", Value: report.Upgrade},
			{Name: "Digest of the list", Value: s.Lock},
		}),
		Footing: "What could not be found out is unknown, and never counts as ready. Commands repeat the flags of the check; credentials in flags are left out.",
	}}
	verdict := "ready"
	if !report.Ready {
		verdict = string(check.StatusNotReady)
		c.Alerts = []string{"The installation is " + Lacking(report)}
	}
	c.Totals = []page.Fact{{Name: "Installation", Value: verdict}}
	for _, status := range statuses() {
		if n := report.Count(status); n > 0 {
			c.Totals = append(c.Totals, page.Fact{Name: string(status), Value: fmt.Sprint(n)})
		}
	}
	for _, group := range report.Sections {
		c.Sections = append(c.Sections, sectionOf(group))
	}
	return c
}

// sectionOf returns a section of findings. Findings of one check with one remedy are together.
func sectionOf(group check.Group) page.Section {
	section := page.Section{Name: string(group.Section), Counts: countsOf(group)}
	for _, same := range runs(group.Findings, sameCheck) {
		first := same[0]
		finding := page.Finding{ID: first.ID, State: stateOf(first), Sign: markOf(first.Status).sign}
		if first.Remedy != nil {
			finding.Remedy, finding.Command = first.Remedy.Text, first.Remedy.Command
		}
		for _, f := range same {
			finding.Subjects = append(finding.Subjects, page.Fact{Name: f.Subject, Value: f.Reason})
		}
		section.Findings = append(section.Findings, finding)
	}
	return section
}

// sameCheck reports whether findings are of one check, and have one status and remedy.
func sameCheck(a, b check.Finding) bool { return a.ID == b.ID && sameRemedy(a, b) }

// stateOf is the status of a finding, with the remark that the finding does not count.
func stateOf(f check.Finding) string {
	if f.Ignored {
		return string(f.Status) + ", ignored"
	}
	return string(f.Status)
}

// countsOf says how many findings of a section have which status.
func countsOf(group check.Group) string {
	var counts []string
	one := check.Report{Sections: []check.Group{group}}
	for _, status := range statuses() {
		if n := one.Count(status); n > 0 {
			counts = append(counts, fmt.Sprintf("%d %s", n, status))
		}
	}
	return strings.Join(counts, ", ")
}
