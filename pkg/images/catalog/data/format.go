package data

import (
	"bytes"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// Format writes a file canonically: what is sorted and laid out the same way
// each time makes a diff between two releases short.
func Format(f *File) []byte {
	w := &writer{plain: regexp.MustCompile(`^[A-Za-z][A-Za-z0-9 ._/@:={}-]*$|^[0-9]+\.[0-9]+\.[0-9]+$`)}
	w.line(0, "# What KKP %s needs. Written by hack/catalog, which keeps notes and drops comments.", minorName(f))
	w.line(0, "releases: # a field that is left out is as in the release before")
	for _, release := range f.Releases {
		w.release(release)
	}
	w.line(0, "settings: # a new field is added here by hand: hack/catalog keeps what it finds, and finds none")
	for _, setting := range sortedSettings(f.Settings) {
		w.setting(setting)
	}
	w.line(0, "components:")
	for _, component := range sortedComponents(f.Components) {
		w.component(component)
	}
	if len(f.Applications) > 0 {
		w.line(0, "applications:")
	}
	for _, application := range sortedApplications(f.Applications) {
		w.application(application)
	}
	return w.out.Bytes()
}

func minorName(f *File) string {
	if len(f.Releases) == 0 {
		return "releases"
	}
	version := f.Releases[0].Version
	return version[:strings.LastIndex(version, ".")]
}

type writer struct {
	out   bytes.Buffer
	plain *regexp.Regexp
}

func (w *writer) release(r Release) {
	w.line(0, "- version: %s", r.Version)
	w.versions("kubernetes", r.Kubernetes)
	w.value(2, "defaultKubernetes", r.DefaultKubernetes)
	w.value(2, "defaultCNI", r.DefaultCNI)
	if len(r.CNI) > 0 {
		w.line(2, "cni:")
		for _, name := range slices.Sorted(maps.Keys(r.CNI)) {
			w.list(4, name, r.CNI[name])
		}
	}
	if len(r.CNIDefaults) > 0 {
		w.line(2, "cniDefaults:")
		for _, name := range slices.Sorted(maps.Keys(r.CNIDefaults)) {
			w.line(4, "%s: %s", name, w.scalar(r.CNIDefaults[name]))
		}
	}
	w.list(2, "providers", r.Providers)
	w.list(2, "defaultAddons", r.DefaultAddons)
	w.list(2, "accessibleAddons", r.AccessibleAddons)
}

func (w *writer) setting(s Setting) {
	w.line(0, "- object: %s", s.Object)
	w.value(2, "field", s.Field)
	w.list(2, "components", s.Components)
	w.value(2, "repository", s.Repository)
	w.value(2, "repositoryEE", s.RepositoryEE)
	w.value(2, "tagField", s.TagField)
	w.value(2, "suffixField", s.SuffixField)
	w.flag(2, "overwriteRegistry", s.OverwriteRegistry)
	w.value(2, "edition", s.Edition)
	w.value(2, "since", s.Since)
	w.value(2, "until", s.Until)
	w.value(2, "note", s.Note)
}

func (w *writer) component(c Component) {
	w.line(0, "- name: %s", c.Name)
	w.list(2, "runsOn", c.RunsOn)
	w.flag(2, "overwriteRegistry", c.OverwriteRegistry)
	w.value(2, "edition", c.Edition)
	w.list(2, "features", c.Features)
	w.value(2, "note", c.Note)
	w.line(2, "images:")
	for _, entry := range sortedEntries(c.Images) {
		w.entry(entry)
	}
}

func (w *writer) entry(e Entry) {
	w.line(2, "- image: %s", w.scalar(e.Image))
	w.value(4, "kind", e.Kind)
	w.list(4, "kubernetes", e.Kubernetes)
	w.list(4, "providers", e.Providers)
	w.list(4, "except", e.Except)
	w.list(4, "cni", e.CNI)
	w.value(4, "edition", e.Edition)
	w.list(4, "features", e.Features)
	w.value(4, "since", e.Since)
	w.value(4, "until", e.Until)
	w.value(4, "upstream", e.Upstream)
	w.value(4, "note", e.Note)
}

// versions writes one line per Kubernetes minor.
func (w *writer) versions(key string, versions []string) {
	if len(versions) == 0 {
		return
	}
	var lines []string
	for i, version := range versions {
		if i > 0 && minorOf(versions[i-1]) == minorOf(version) {
			lines[len(lines)-1] += ", " + version
			continue
		}
		lines = append(lines, version)
	}
	w.line(2, "%s: [", key)
	w.line(4, "%s]", strings.Join(lines, ",\n    "))
}

func minorOf(version string) string {
	return version[:strings.LastIndex(version, ".")]
}

func (w *writer) list(indent int, key string, values []string) {
	if len(values) == 0 {
		return
	}
	quoted := make([]string, 0, len(values))
	for _, value := range values {
		quoted = append(quoted, w.scalar(value))
	}
	w.line(indent, "%s: [%s]", key, strings.Join(quoted, ", "))
}

func (w *writer) value(indent int, key, value string) {
	if value != "" {
		w.line(indent, "%s: %s", key, w.scalar(value))
	}
}

func (w *writer) flag(indent int, key string, value bool) {
	if value {
		w.line(indent, "%s: true", key)
	}
}

// scalar quotes what YAML might not read back as the same string.
func (w *writer) scalar(value string) string {
	if w.plain.MatchString(value) && !strings.Contains(value, ": ") && !strings.HasSuffix(value, ":") && !strings.HasSuffix(value, " ") {
		return value
	}
	return strconv.Quote(value)
}

func (w *writer) line(indent int, format string, args ...any) {
	w.out.WriteString(strings.Repeat(" ", indent))
	fmt.Fprintf(&w.out, format+"\n", args...)
}
