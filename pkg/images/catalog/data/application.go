package data

import (
	"regexp"
	"slices"
	"strings"

	"sigs.k8s.io/yaml"
)

// Application is an application for user clusters that KKP ships: the content
// of an ApplicationDefinition (apps.kubermatic.k8c.io/v1) that KKP makes.
type Application struct {
	Name string `json:"name"`
	// Source is SourceSystem or SourceCatalog.
	Source string `json:"source"`
	// Edition is "ce", "ee" or, for both, empty.
	Edition string `json:"edition,omitempty"`
	// Features are those with which KKP installs it into user clusters by
	// itself, whether or not an admin enables the catalog. All must be on.
	Features []string `json:"features,omitempty"`
	Note     string   `json:"note,omitempty"`
	// Chart is the name of the Helm chart, which can be a path: "nvidia/gpu-operator".
	Chart string `json:"chart"`
	// Defaults are what all its versions have in common; each release has one.
	Defaults []Defaults `json:"defaults"`
	// Versions are in the order of their numbers.
	Versions []Version `json:"versions"`
}

// Values of Application.Source.
const (
	// SourceSystem marks what every installation has unless an admin turns it
	// off (pkg/applicationdefinitions).
	SourceSystem = "system"
	// SourceCatalog marks what the default application catalog of the
	// Enterprise Edition has, which an admin enables.
	SourceCatalog = "catalog"
)

// Defaults are where the chart of an application is, and its default values.
type Defaults struct {
	// Repository is an address that begins with oci://.
	Repository string `json:"repository"`
	// Values are YAML, in which KKP renders templates for each user cluster.
	Values string `json:"values,omitempty"`
	Since  string `json:"since,omitempty"`
	Until  string `json:"until,omitempty"`
}

// Version is a version of an application.
type Version struct {
	Version string `json:"version"`
	// Chart is the version of its chart; empty: the same.
	Chart string `json:"chart,omitempty"`
	Since string `json:"since,omitempty"`
	Until string `json:"until,omitempty"`
}

// ActiveDefaults returns the defaults of an application in the release at an
// index, in an edition, and its versions; none if the release does not ship it.
func (f *File) ActiveDefaults(a Application, index int, edition string) (Defaults, []Version) {
	if !matchesEdition(a.Edition, edition) {
		return Defaults{}, nil
	}
	i := slices.IndexFunc(a.Defaults, func(d Defaults) bool { return f.Within(index, d.Since, d.Until) })
	if i < 0 {
		return Defaults{}, nil
	}
	var versions []Version
	for _, version := range a.Versions {
		if f.Within(index, version.Since, version.Until) {
			versions = append(versions, version)
		}
	}
	return a.Defaults[i], versions
}

func (f *File) validateApplication(a Application, names known, seen map[string]bool) []error {
	var errs []error
	check := checker("application "+a.Name, &errs)
	check("name", names.name.MatchString(a.Name) && !seen["application "+a.Name], a.Name)
	seen["application "+a.Name] = true
	check("source", a.Source == SourceSystem || a.Source == SourceCatalog, a.Source)
	check("edition", validEdition(a.Edition), a.Edition)
	check("chart", names.name.MatchString(a.Chart), a.Chart)
	checkFeatures(check, a.Features)
	for _, d := range a.Defaults {
		check("repository", strings.HasPrefix(d.Repository, "oci://") && names.validImage(strings.TrimPrefix(d.Repository, "oci://")+":1"), d.Repository)
		check("values", yaml.Unmarshal([]byte(d.Values), &map[string]any{}) == nil, d.Values)
		checkSpan(check, names, d.Since, d.Until)
	}
	for _, v := range a.Versions {
		check("version", names.version.MatchString(v.Version), v.Version)
		check("chart version", v.Chart == "" || names.version.MatchString(v.Chart), v.Chart)
		checkSpan(check, names, v.Since, v.Until)
	}
	for i, release := range f.Releases {
		f.checkShipped(check, a, i, release.Version)
	}
	return errs
}

func checkSpan(check func(string, bool, string), names known, since, until string) {
	check("since", names.releases[since], since)
	check("until", names.releases[until], until)
}

// checkShipped wants that a release has all of an application, each part once, or nothing.
func (f *File) checkShipped(check func(string, bool, string), a Application, index int, release string) {
	defaults := 0
	for _, d := range a.Defaults {
		if f.Within(index, d.Since, d.Until) {
			defaults++
		}
	}
	versions := map[string]bool{}
	for _, v := range a.Versions {
		if f.Within(index, v.Since, v.Until) {
			check("version twice in "+release, !versions[v.Version], v.Version)
			versions[v.Version] = true
		}
	}
	check("defaults in "+release, defaults == min(len(versions), 1), a.Name)
}

func (w *writer) application(a Application) {
	w.line(0, "- name: %s", a.Name)
	w.value(2, "source", a.Source)
	w.value(2, "edition", a.Edition)
	w.list(2, "features", a.Features)
	w.value(2, "note", a.Note)
	w.value(2, "chart", a.Chart)
	w.line(2, "defaults:")
	for _, d := range a.Defaults {
		w.line(2, "- repository: %s", w.scalar(d.Repository))
		w.value(4, "since", d.Since)
		w.value(4, "until", d.Until)
		w.text(4, "values", d.Values)
	}
	w.line(2, "versions:")
	for _, v := range sortedVersions(a.Versions) {
		parts := []string{"version: " + w.scalar(v.Version)}
		for _, part := range [][2]string{{"chart", v.Chart}, {"since", v.Since}, {"until", v.Until}} {
			if part[1] != "" {
				parts = append(parts, part[0]+": "+w.scalar(part[1]))
			}
		}
		w.line(2, "- {%s}", strings.Join(parts, ", "))
	}
}

// text writes a text of several lines as it is, where YAML reads it back as
// the same text.
func (w *writer) text(indent int, key, text string) {
	header := "|"
	if !strings.HasSuffix(text, "\n") {
		header = "|-"
	}
	literal := header + "\n" + regexp.MustCompile(`(?m)^`).ReplaceAllString(strings.TrimSuffix(text, "\n"), "  ") + "\n"
	var read struct {
		Text string `json:"text"`
	}
	err := yaml.Unmarshal([]byte("text: "+literal), &read)
	if text == "" || err != nil || read.Text != text {
		w.value(indent, key, text)
		return
	}
	w.line(indent, "%s: %s", key, header)
	for line := range strings.SplitSeq(strings.TrimSuffix(text, "\n"), "\n") {
		if line == "" {
			w.line(0, "")
			continue
		}
		w.line(indent+2, "%s", line)
	}
}
