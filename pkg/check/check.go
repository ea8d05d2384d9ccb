// Package check judges whether an installation is ready to live without the internet: pure
// functions from what was read to findings. It must not read anything itself, nor know how
// findings are printed.
package check

import (
	"slices"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images"
)

// KindReport is the kind of a report as a document.
const KindReport = "CheckReport"

// Status is the result of one check.
type Status string

// The results of a check. Unknown never counts as ready.
const (
	StatusOK       Status = "ok"
	StatusWarning  Status = "warning"
	StatusNotReady Status = "not ready"
	StatusUnknown  Status = "unknown"
)

// Section is the name of a group of checks.
type Section string

// The sections, in the order of the report.
const (
	SectionAccess        Section = "access"
	SectionMirror        Section = "mirror"
	SectionConfiguration Section = "configuration"
	SectionDatacenters   Section = "datacenters"
	SectionReleases      Section = "releases"
	SectionRunning       Section = "running"
	SectionUpgrade       Section = "upgrade"
)

// Sections returns all sections, in the order of the report.
func Sections() []Section {
	return []Section{
		SectionAccess, SectionMirror, SectionConfiguration, SectionDatacenters, SectionReleases, SectionRunning, SectionUpgrade,
	}
}

// Finding is the result of one check of one subject.
type Finding struct {
	// ID identifies the check: "SECTION.NAME", such as "mirror.image-missing". It stays the same
	// between releases of the plugin (docs/check.md lists all).
	ID      string  `json:"id"`
	Status  Status  `json:"status"`
	Subject string  `json:"subject"`          // what was checked: "Seed frankfurt", "quay.io/kubermatic/kubermatic:v2.31.0"
	Reason  string  `json:"reason,omitempty"` // what was found
	Remedy  *Remedy `json:"remedy,omitempty"` // only of what is not ok
	Ignored bool    `json:"ignored,omitempty"`
}

// Remedy is what to do about a finding.
type Remedy struct {
	Text    string `json:"text"`              // who must do what
	Command string `json:"command,omitempty"` // a line of a shell; "": no command of this user helps
}

// Group is the findings of a section.
type Group struct {
	Section  Section   `json:"section"`
	Findings []Finding `json:"findings"`
}

// Report is the result of all checks, as a document: what `check -o json` prints.
type Report struct {
	APIVersion string   `json:"apiVersion"`
	Kind       string   `json:"kind"`
	Target     string   `json:"target,omitempty"` // the mirror: "registry.example.com/kkp"
	Upgrade    string   `json:"upgrade,omitempty"`
	Ready      bool     `json:"ready"`
	Sections   []Group  `json:"sections"`
	Ignore     []string `json:"ignore,omitempty"` // IDs whose findings do not count
}

// NewReport puts findings into the order of the sections, and decides whether the installation
// is ready: nothing that counts is not ready or unknown. Findings whose ID is in ignore do not count.
func NewReport(findings map[Section][]Finding, ignore []string) Report {
	report := Report{APIVersion: images.APIVersion, Kind: KindReport, Ready: true, Ignore: ignore}
	for _, section := range Sections() {
		found, ok := findings[section]
		if !ok {
			continue
		}
		group := Group{Section: section, Findings: slices.Clone(found)}
		for i := range group.Findings {
			f := &group.Findings[i]
			f.Ignored = slices.Contains(ignore, f.ID)
			report.Ready = report.Ready && (f.Ignored || f.Status == StatusOK || f.Status == StatusWarning)
		}
		report.Sections = append(report.Sections, group)
	}
	return report
}

// WithoutOK returns the report without the findings that are ok.
func (r Report) WithoutOK() Report {
	sections := r.Sections
	r.Sections = nil
	for _, group := range sections {
		group.Findings = slices.DeleteFunc(slices.Clone(group.Findings), func(f Finding) bool { return f.Status == StatusOK })
		if len(group.Findings) > 0 {
			r.Sections = append(r.Sections, group)
		}
	}
	return r
}

// Count returns how many findings that are not ignored have a status.
func (r Report) Count(status Status) int {
	n := 0
	for _, group := range r.Sections {
		for _, f := range group.Findings {
			if f.Status == status && !f.Ignored {
				n++
			}
		}
	}
	return n
}
