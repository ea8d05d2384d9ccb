package data

import (
	"cmp"
	"slices"
	"strings"
)

func sortedSettings(settings []Setting) []Setting {
	return slices.SortedStableFunc(slices.Values(settings), func(a, b Setting) int {
		return cmp.Or(cmp.Compare(a.Object, b.Object), cmp.Compare(a.Field, b.Field))
	})
}

func sortedComponents(components []Component) []Component {
	return slices.SortedStableFunc(slices.Values(components), func(a, b Component) int {
		return cmp.Or(cmp.Compare(a.Name, b.Name), slices.Compare(a.RunsOn, b.RunsOn))
	})
}

// sortedEntries keeps the tags of a repository together, versions ascending.
func sortedEntries(entries []Entry) []Entry {
	return slices.SortedStableFunc(slices.Values(entries), func(a, b Entry) int {
		return cmp.Or(
			natural(a.Image, b.Image),
			cmp.Compare(a.Edition, b.Edition),
			natural(a.Since, b.Since),
			slices.Compare(a.Kubernetes, b.Kubernetes),
			slices.Compare(a.Providers, b.Providers),
			slices.Compare(a.Except, b.Except),
			slices.Compare(a.CNI, b.CNI),
			slices.Compare(a.Features, b.Features),
		)
	})
}

// sortedApplications has the system's before those of the catalog.
func sortedApplications(applications []Application) []Application {
	return slices.SortedStableFunc(slices.Values(applications), func(a, b Application) int {
		return cmp.Or(-cmp.Compare(a.Source, b.Source), cmp.Compare(a.Name, b.Name))
	})
}

func sortedVersions(versions []Version) []Version {
	return slices.SortedStableFunc(slices.Values(versions), func(a, b Version) int {
		return cmp.Or(natural(strings.TrimPrefix(a.Version, "v"), strings.TrimPrefix(b.Version, "v")), natural(a.Since, b.Since))
	})
}

// natural compares strings with runs of digits as numbers: v1.9 before v1.10.
func natural(a, b string) int {
	for a != "" && b != "" {
		headA, headB := head(a), head(b)
		if order := compareHeads(headA, headB); order != 0 {
			return order
		}
		a, b = a[len(headA):], b[len(headB):]
	}
	return cmp.Compare(len(a), len(b))
}

func compareHeads(a, b string) int {
	if !isDigit(a[0]) || !isDigit(b[0]) {
		return cmp.Compare(a, b)
	}
	a, b = strings.TrimLeft(a, "0"), strings.TrimLeft(b, "0")
	return cmp.Or(cmp.Compare(len(a), len(b)), cmp.Compare(a, b))
}

// head is the number or the single byte that a string starts with.
func head(s string) string {
	end := 1
	for isDigit(s[0]) && end < len(s) && isDigit(s[end]) {
		end++
	}
	return s[:end]
}

func isDigit(c byte) bool { return c >= '0' && c <= '9' }
