package chart

import (
	"errors"
	"fmt"
	"maps"
	"path"
	"regexp"
	"slices"
	"strings"

	helm "helm.sh/helm/v3/pkg/chart"
	"helm.sh/helm/v3/pkg/chartutil"
	"helm.sh/helm/v3/pkg/engine"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/manifest"
)

// maxRendered bounds what a chart renders to.
const maxRendered = 16 << 20

// ReleaseOptions is what a chart is rendered for.
type ReleaseOptions struct {
	Release    string   // the name of the release
	Namespace  string   // of the release
	Kubernetes string   // "v1.34.9", "" for the newest that the chart accepts
	APIs       []string // "apps/v1/Deployment", none for those that every Kubernetes has
	Revision   int      // of the release; from the second on, templates see an upgrade
}

// MissingError says that a chart lacks subcharts.
type MissingError struct {
	Subcharts []string // with their repository
}

func (e *MissingError) Error() string {
	return "it lacks the subcharts " + strings.Join(e.Subcharts, ", ")
}

// prepare opens a copy of the chart for some values: subcharts that they turn off are
// left out, and values that subcharts export are imported.
func (c *Chart) prepare(values map[string]any) (opened *helm.Chart, err error) {
	defer recovered(&err)
	opened, err = c.open()
	if err != nil {
		return nil, err
	}
	if err := chartutil.ProcessDependenciesWithMerge(opened, values); err != nil {
		return nil, err
	}
	return opened, nil
}

// defaults are the values of the chart and of its subcharts, those that the user's
// values turn off left out.
func (c *Chart) defaults(values map[string]any) (defaults map[string]any, err error) {
	defer recovered(&err)
	opened, err := c.prepare(values)
	if err != nil {
		return nil, err
	}
	return chartutil.CoalesceValues(opened, map[string]any{})
}

// missing names the subcharts that are turned on and not there.
func missing(c *helm.Chart) []string {
	there := map[string]bool{}
	var lacking []string
	for _, sub := range c.Dependencies() {
		there[sub.Name()] = true
		lacking = append(lacking, missing(sub)...)
	}
	for _, dependency := range c.Metadata.Dependencies {
		if dependency != nil && !there[dependency.Name] {
			lacking = append(lacking, strings.TrimSpace(dependency.Name+" "+dependency.Version+" of "+dependency.Repository))
		}
	}
	return lacking
}

// render returns what the chart refers to with some values: templates with their hooks
// and tests, and definitions. A result can come with an error.
func (c *Chart) render(values map[string]any, target ReleaseOptions) (hits []manifest.Hit, err error) {
	defer recovered(&err)
	opened, rendered, err := c.texts(values, target)
	if rendered == nil {
		return nil, err
	}
	for _, definition := range opened.CRDObjects() {
		rendered[definition.Filename] = string(definition.File.Data)
	}
	hits, failures := findIn(rendered)
	if err == nil {
		err = failures
	}
	return hits, err
}

// texts returns what the templates of the chart render to, by their names. What the chart
// itself has is worth something next to a MissingError, if it renders at all.
func (c *Chart) texts(values map[string]any, target ReleaseOptions) (opened *helm.Chart, rendered map[string]string, err error) {
	defer recovered(&err)
	opened, err = c.prepare(values)
	if err != nil {
		return nil, nil, err
	}
	if lacking := missing(opened); len(lacking) > 0 {
		defer func() { err = &MissingError{lacking} }()
	}
	capabilities, err := capabilities(opened.Metadata.KubeVersion, target)
	if err != nil {
		return nil, nil, err
	}
	revision := max(1, target.Revision)
	release := chartutil.ReleaseOptions{
		Name: target.Release, Namespace: target.Namespace, Revision: revision, IsInstall: revision == 1, IsUpgrade: revision > 1,
	}
	// Schemas are not evaluated: they may refer to files and servers.
	full, err := chartutil.ToRenderValuesWithSchemaValidation(opened, values, release, capabilities, true)
	if err != nil {
		return nil, nil, err
	}
	rendered, err = engine.Engine{}.Render(opened, full) // without DNS, without a cluster for lookup
	if err == nil {
		err = notTooLarge(rendered)
	}
	if err != nil {
		return nil, nil, err
	}
	separate(rendered)
	return opened, rendered, nil
}

// separate ends the lines that separate documents where templates have joined them with the
// next one: Helm splits there all the same.
func separate(rendered map[string]string) {
	joined := regexp.MustCompile(`(?m)^---(\S)`)
	for name, text := range rendered {
		if strings.Contains(text, "---") {
			rendered[name] = joined.ReplaceAllString(text, "---\n$1")
		}
	}
}

// plainTexts returns what the templates render to, without notes and what is empty.
func (c *Chart) plainTexts(values map[string]any, target ReleaseOptions) (map[string]string, error) {
	_, rendered, err := c.texts(values, target)
	maps.DeleteFunc(rendered, func(name, text string) bool { return isNote(name) || strings.TrimSpace(text) == "" })
	return rendered, err
}

// capabilities are what templates can learn about the cluster.
func capabilities(wanted string, target ReleaseOptions) (*chartutil.Capabilities, error) {
	found := chartutil.DefaultCapabilities.Copy()
	if target.Kubernetes != "" {
		version, err := chartutil.ParseKubeVersion(target.Kubernetes)
		if err != nil {
			return nil, err
		}
		found.KubeVersion = *version
	}
	if len(target.APIs) > 0 {
		found.APIVersions = target.APIs
	}
	if wanted != "" && !chartutil.IsCompatibleRange(wanted, found.KubeVersion.Version) {
		return nil, fmt.Errorf("it needs Kubernetes %s, and is rendered for %s", wanted, found.KubeVersion.Version)
	}
	return found, nil
}

// findIn returns the references in rendered files. What a file could not be read for is
// in the error; the references of the others are returned.
func findIn(rendered map[string]string) ([]manifest.Hit, error) {
	if err := notTooLarge(rendered); err != nil {
		return nil, err
	}
	var hits []manifest.Hit
	var failures []error
	for _, name := range slices.Sorted(maps.Keys(rendered)) {
		if isNote(name) || strings.TrimSpace(rendered[name]) == "" {
			continue
		}
		objects, err := manifest.Decode([]byte(rendered[name]))
		if err != nil {
			failures = append(failures, fmt.Errorf("%s: %w", name, err))
		}
		for _, object := range objects {
			hits = append(hits, manifest.Find(object)...)
		}
	}
	return hits, errors.Join(failures...)
}

// notTooLarge refuses what is too large to be read.
func notTooLarge(rendered map[string]string) error {
	size := 0
	for _, text := range rendered {
		size += len(text)
	}
	if size > maxRendered {
		return fmt.Errorf("it renders to %d MiB, and at most %d MiB are read", size>>20, maxRendered>>20)
	}
	return nil
}

// isNote tells whether a template is for people to read.
func isNote(name string) bool { return path.Base(name) == "NOTES.txt" }
