package main

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"sigs.k8s.io/yaml"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/catalog/data"
)

// shipped are the applications of one release: each with one default and
// without spans of releases.
type shipped map[string]data.Application

// mergeApplications replaces the applications of the target's release, in both
// editions, and keeps those of the others. Features and notes stay.
func (t *target) mergeApplications(apps shipped) error {
	releases := make([]shipped, len(t.file.Releases))
	for i := range t.file.Releases {
		releases[i] = shippedIn(t.file, i)
	}
	releases[t.index] = apps
	merged, err := joined(t.file, releases)
	t.file.Applications = merged
	return err
}

// shippedIn are the applications of a release in the data.
func shippedIn(file *data.File, index int) shipped {
	apps := shipped{}
	for _, app := range file.Applications {
		edition := app.Edition
		if edition == "" {
			edition = "ce" // and the other one
		}
		defaults, versions := file.ActiveDefaults(app, index, edition)
		if len(versions) == 0 {
			continue
		}
		defaults.Since, defaults.Until = "", ""
		for i := range versions {
			versions[i].Since, versions[i].Until = "", ""
		}
		app.Defaults, app.Versions = []data.Defaults{defaults}, versions
		apps[app.Name] = app
	}
	return apps
}

// canonical writes values in one way. Comments, also those of configuration
// files in values, are no facts.
func canonical(text string) (string, error) {
	var values map[string]any
	if err := yaml.Unmarshal([]byte(text), &values); err != nil || len(values) == 0 {
		return "", err
	}
	comment := regexp.MustCompile(`(?m)^[ \t]*#.*\n|[ \t]+# .*$`)
	var strip func(value any) any
	strip = func(value any) any {
		switch v := value.(type) {
		case map[string]any:
			for key, inner := range v {
				v[key] = strip(inner)
			}
		case []any:
			for i, inner := range v {
				v[i] = strip(inner)
			}
		case string:
			if strings.Contains(v, "\n") {
				return comment.ReplaceAllString(v, "")
			}
		}
		return value
	}
	written, err := yaml.Marshal(strip(values))
	return string(written), err
}

// joined writes the applications of all releases as spans.
func joined(file *data.File, releases []shipped) ([]data.Application, error) {
	apps := map[string]*data.Application{}
	for _, app := range file.Applications {
		apps[app.Name] = &data.Application{Features: app.Features, Note: app.Note}
	}
	for i, release := range releases {
		for name, app := range release {
			all := apps[name]
			if all == nil {
				all = &data.Application{}
				apps[name] = all
			}
			if all.Chart != "" && (all.Chart != app.Chart || all.Source != app.Source || all.Edition != app.Edition) {
				return nil, fmt.Errorf("%s: %s has another chart, source or edition than before, which the format has no place for",
					file.Releases[i].Version, name)
			}
			all.Name, all.Chart, all.Source, all.Edition = name, app.Chart, app.Source, app.Edition
		}
	}
	var merged []data.Application
	for _, name := range sorted(apps) {
		app := *apps[name]
		if app.Chart == "" {
			continue // no release has it any more
		}
		app.Defaults = spansOf(file, releases, func(s shipped) []data.Defaults { return s[name].Defaults },
			func(d *data.Defaults, since, until string) { d.Since, d.Until = since, until })
		app.Versions = spansOf(file, releases, func(s shipped) []data.Version { return s[name].Versions },
			func(v *data.Version, since, until string) { v.Since, v.Until = since, until })
		merged = append(merged, app)
	}
	return merged, nil
}

// spansOf lists what some releases have, each item once for each run of
// releases that have it.
func spansOf[T comparable](file *data.File, releases []shipped, items func(shipped) []T, set func(item *T, since, until string)) []T {
	var distinct, spans []T
	for _, release := range releases {
		for _, item := range items(release) {
			if !slices.Contains(distinct, item) {
				distinct = append(distinct, item)
			}
		}
	}
	for _, item := range distinct {
		for _, run := range stretches(len(releases), func(i int) bool { return slices.Contains(items(releases[i]), item) }) {
			span, since, until := item, "", ""
			if run[0] > 0 {
				since = file.Releases[run[0]].Version
			}
			if run[1]+1 < len(releases) {
				until = file.Releases[run[1]].Version
			}
			set(&span, since, until)
			spans = append(spans, span)
		}
	}
	return spans
}

// stretches are the first and last of each run of numbers below n that are inside.
func stretches(n int, inside func(int) bool) [][2]int {
	var found [][2]int
	for i := range n {
		switch {
		case !inside(i):
		case i > 0 && inside(i-1):
			found[len(found)-1][1] = i
		default:
			found = append(found, [2]int{i, i})
		}
	}
	return found
}
