package display

import "strings"

// ReleaseRanges writes releases, which are ordered by version, as one range for each minor
// version, such as "v2.30.0–v2.30.6, v2.31.0".
func ReleaseRanges(releases []string) string {
	var ranges []string
	for i, start := 0, 0; i < len(releases); i++ {
		if i+1 < len(releases) && minorOf(releases[i+1]) == minorOf(releases[i]) {
			continue
		}
		text := releases[start]
		if i > start {
			text += "–" + releases[i]
		}
		ranges = append(ranges, text)
		start = i + 1
	}
	return strings.Join(ranges, ", ")
}

// minorOf returns a version without its last part.
func minorOf(release string) string {
	if i := strings.LastIndex(release, "."); i >= 0 {
		return release[:i]
	}
	return release
}
