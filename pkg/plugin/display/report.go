package display

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images"
)

// Outcome is the result of a sync on one line.
func Outcome(report images.SyncReport) string {
	s := report.Summary
	total := s.Copied + s.Present + s.Skipped + s.Failed
	if s.Present == total {
		return fmt.Sprintf("nothing to copy: %s in %s, with the same digests", present(total), report.Target)
	}
	moved := Size(s.Bytes)
	if s.Mounted > 0 {
		moved += ", " + Size(s.Mounted) + " mounted"
	}
	text := fmt.Sprintf("%d copied (%s), %d present", s.Copied, moved, s.Present)
	if s.Failed > 0 {
		text += fmt.Sprintf(", %d failed", s.Failed)
	}
	if s.Skipped > 0 {
		text += fmt.Sprintf(", %d not tried", s.Skipped)
	}
	return text + ": " + report.Target
}

func present(n int) string {
	if n == 1 {
		return "the image is"
	}
	return fmt.Sprintf("all %d images are", n)
}

// Failures lists the failures of a copy, grouped by remedy; "" without failures.
func Failures(report images.Report) string {
	groups := map[string][]images.Result{}
	for _, result := range report.Results {
		if result.Outcome == images.Failed {
			title := fmt.Sprintf("%s: %s", result.Class, cmp.Or(result.Remedy, result.Class.Remedy()))
			groups[title] = append(groups[title], result)
		}
	}
	if len(groups) == 0 {
		return ""
	}
	var b strings.Builder
	fmt.Fprintf(&b, "%d of %s could not be copied", report.Count(images.Failed), Count(len(report.Results), "image"))
	for _, title := range slices.Sorted(maps.Keys(groups)) {
		b.WriteString("\n" + title)
		for _, line := range causes(groups[title]) {
			fmt.Fprintf(&b, "\n  %s", line)
		}
		for _, line := range toCreate(groups[title]) {
			fmt.Fprintf(&b, "\n%s", line)
		}
	}
	return b.String()
}

// causes are the errors of failures. Failures with one cause are one line, with the first
// images.
func causes(failures []images.Result) []string {
	const shown = 3
	var order []string
	same := map[string][]images.Result{}
	for _, failure := range failures {
		cause := cmp.Or(failure.Cause, failure.Error)
		if len(same[cause]) == 0 {
			order = append(order, cause)
		}
		same[cause] = append(same[cause], failure)
	}
	var lines []string
	for _, cause := range order {
		of := same[cause]
		if len(of) == 1 {
			lines = append(lines, of[0].Error)
			continue
		}
		var names []string
		for _, failure := range of[:min(shown, len(of))] {
			names = append(names, failure.Source.String())
		}
		line := fmt.Sprintf("%s: %s: %s", Count(len(of), "image"), cause, strings.Join(names, ", "))
		if len(of) > shown {
			line += fmt.Sprintf(" and %d more", len(of)-shown)
		}
		lines = append(lines, line)
	}
	return lines
}

// toCreate lists the projects or repositories that have to be created for failures with one
// remedy, each once, to be copied: a heading for each registry, and a line for each name.
func toCreate(failures []images.Result) []string {
	kind := ""
	switch failures[0].Remedy {
	case images.RemedyCreateProject:
		kind = "projects"
	case images.RemedyCreateRepository:
		kind = "repositories"
	default:
		return nil
	}
	names := map[string][]string{}
	for _, failure := range failures {
		at := failure.Target
		if kind == "projects" {
			at.Repository, _, _ = strings.Cut(at.Repository, "/")
		}
		names[at.Registry] = append(names[at.Registry], at.Repository)
	}
	var lines []string
	for _, registry := range slices.Sorted(maps.Keys(names)) {
		lines = append(lines, fmt.Sprintf("%s to create in %s:", kind, registry))
		slices.Sort(names[registry])
		lines = append(lines, slices.Compact(names[registry])...)
	}
	return lines
}
