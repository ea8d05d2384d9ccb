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

// maxRendered bounds the size of the rendered templates.
const maxRendered = 16 << 20

// ReleaseOptions are the options of a rendering that do not come from values.
type ReleaseOptions struct {
	Release    string   // name of the release
	Namespace  string   // namespace of the release
	Kubernetes string   // "v1.34.9"; "": the newest version that the chart accepts
	APIs       []string // "apps/v1/Deployment"; empty: those of every Kubernetes
	Revision   int      // revision of the release; templates see an upgrade from 2 on
}

// MissingError says that a chart lacks subcharts.
type MissingError struct {
	Subcharts []string // with their repository
}

func (e *MissingError) Error() string {
	return "the chart lacks the subcharts " + strings.Join(e.Subcharts, ", ")
}

// prepare opens a copy of the chart for some values: disabled subcharts are removed, and values
// that subcharts export are imported.
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

// defaults returns the default values of the chart and of the subcharts that the user's values
// enable.
func (c *Chart) defaults(values map[string]any) (defaults map[string]any, err error) {
	defer recovered(&err)
	opened, err := c.prepare(values)
	if err != nil {
		return nil, err
	}
	return chartutil.CoalesceValues(opened, map[string]any{})
}

// missing returns the names of the enabled subcharts that are missing.
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

// render returns the image references of the chart with some values: in templates, hooks, tests
// and CRDs. With an error, the result has the references that could be read.
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

// texts returns the rendered templates by name. With a *MissingError, the result has the
// templates of the chart itself, if they render.
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
	// Schemas are not evaluated: they can refer to files and servers.
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

// separate inserts a line break after a document separator that a template has joined with the
// next line, because Helm splits there, too.
func separate(rendered map[string]string) {
	joined := regexp.MustCompile(`(?m)^---(\S)`)
	for name, text := range rendered {
		if strings.Contains(text, "---") {
			rendered[name] = joined.ReplaceAllString(text, "---\n$1")
		}
	}
}

// plainTexts returns the rendered templates without NOTES.txt and without empty ones.
func (c *Chart) plainTexts(values map[string]any, target ReleaseOptions) (map[string]string, error) {
	_, rendered, err := c.texts(values, target)
	maps.DeleteFunc(rendered, func(name, text string) bool { return isNote(name) || strings.TrimSpace(text) == "" })
	return rendered, err
}

// capabilities returns the properties of the cluster that templates can read.
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
		return nil, fmt.Errorf("the chart requires Kubernetes %s, but is rendered for %s", wanted, found.KubeVersion.Version)
	}
	return found, nil
}

// findIn returns the references in rendered files. The error names the files that could not be
// read; the references of the others are returned with it.
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

// notTooLarge returns an error if the rendered templates are too large.
func notTooLarge(rendered map[string]string) error {
	size := 0
	for _, text := range rendered {
		size += len(text)
	}
	if size > maxRendered {
		return fmt.Errorf("the rendered chart has %d MiB, more than the limit of %d MiB", size>>20, maxRendered>>20)
	}
	return nil
}

// isNote reports whether a template is NOTES.txt, a text for users.
func isNote(name string) bool { return path.Base(name) == "NOTES.txt" }
