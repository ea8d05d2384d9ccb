package check

import (
	"slices"
	"strings"
)

// Definition describes a check for users: docs/check.md has one row for each.
type Definition struct {
	ID       string
	Statuses []Status // the possible statuses of its findings
	Meaning  string   // what is checked
	Remedy   string   // what to do, in general; a finding is more precise
}

// Definitions returns all checks, in the order of the sections.
func Definitions() []Definition {
	return slices.Concat(accessDefinitions(), mirrorDefinitions(), configurationDefinitions(), datacentersDefinitions(), releasesDefinitions(), runningDefinitions(), upgradeDefinitions())
}

// IDs returns the identifiers of all checks.
func IDs() []string {
	var ids []string
	for _, d := range Definitions() {
		ids = append(ids, d.ID)
	}
	return ids
}

// id returns the identifier of a check of a section.
func id(section Section, name string) string { return string(section) + "." + name }

// Row returns the definition as a row of the table in docs/check.md.
func (d Definition) Row() string {
	var statuses []string
	for _, status := range d.Statuses {
		statuses = append(statuses, string(status))
	}
	return "| `" + d.ID + "` | " + strings.Join(statuses, ", ") + " | " + d.Meaning + " | " + d.Remedy + " |"
}
