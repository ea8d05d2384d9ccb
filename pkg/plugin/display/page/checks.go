package page

import (
	_ "embed"
	"io"
)

//go:embed checks.html
var checksMarkup string

//go:embed checks.js
var checksScript string

// shownSubjects is the number of subjects of a finding that are visible at first.
const shownSubjects = 8

// Checks is a page with the findings of checks, in sections.
type Checks struct {
	Head
	Sections []Section
}

// Section is a section of findings.
type Section struct {
	Name     string
	Counts   string // how many findings are in which state, as a text
	Findings []Finding
}

// Finding is a finding about subjects that have one state and one remedy.
type Finding struct {
	ID       string
	State    string
	Sign     string // of the state
	Subjects []Fact // each with the reason; the reason may be empty
	Remedy   string // "": none
	Command  string // a line for a shell; "": none
}

// First returns the subjects that are visible at first.
func (f Finding) First() []Fact {
	if len(f.Subjects) <= shownSubjects+1 {
		return f.Subjects
	}
	return f.Subjects[:shownSubjects]
}

// Others returns the other subjects.
func (f Finding) Others() []Fact { return f.Subjects[len(f.First()):] }

// HTML writes the page as one file.
func (c Checks) HTML(out io.Writer) error {
	v := struct {
		Checks
		frame
		Number int // of subjects
	}{Checks: c, frame: newFrame("findings", "subject, reason", checksScript, c.filters()...)}
	for _, section := range c.Sections {
		for _, finding := range section.Findings {
			v.Number += len(finding.Subjects)
		}
	}
	return write(out, checksMarkup, v)
}

// filters returns the filters of the findings.
func (c Checks) filters() []choices {
	names := choices{Title: "Section", Key: "section"}
	for _, section := range c.Sections {
		names.Values = append(names.Values, section.Name)
	}
	states := values(c.Sections, func(s Section) []string {
		return values(s.Findings, func(f Finding) []string { return []string{f.State} })
	})
	return []choices{{Title: "State", Key: "state", Values: states}, names}
}

// CSV writes a row for each subject as comma-separated values with a header.
func (c Checks) CSV(out io.Writer) error {
	lines := [][]string{{"section", "state", "id", "subject", "reason", "remedy", "command"}}
	for _, section := range c.Sections {
		for _, finding := range section.Findings {
			for _, subject := range finding.Subjects {
				lines = append(lines, []string{section.Name, finding.State, finding.ID, subject.Name, subject.Value, finding.Remedy, finding.Command})
			}
		}
	}
	return writeCSV(out, lines)
}
