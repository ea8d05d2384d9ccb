package chart

import (
	"context"
	"errors"
	"path"
	"slices"
	"strings"

	helm "helm.sh/helm/v3/pkg/chart"
)

// Completed returns the chart with the missing subcharts that the values enable, pulled from
// their repositories. The error names the subcharts that could not be pulled; the chart returned
// with an error has the others.
func (r *Renderer) Completed(ctx context.Context, p *Puller, c *Chart, values map[string]any) (*Chart, error) {
	if !c.depends {
		return c, nil
	}
	reply, err := r.run(ctx, c.request(wantLacking, values, ReleaseOptions{}))
	if err != nil || len(reply.Lacking) == 0 {
		return c, err
	}
	files := slices.Clone(c.files)
	var failures []error
	for _, dependency := range reply.Lacking {
		sub, err := p.Pull(ctx, dependency)
		if err != nil {
			failures = append(failures, err)
			continue
		}
		for _, f := range sub.files {
			files = append(files, file{path.Join("charts", sub.Name, f.Name), f.Data})
		}
	}
	whole, err := newChart(files)
	if err != nil {
		return c, err
	}
	return whole, errors.Join(failures...)
}

// lacking returns the sources of the missing subcharts that the values enable.
func (c *Chart) lacking(values map[string]any) ([]Source, error) {
	prepared, err := c.prepare(values)
	if err != nil || len(missing(prepared)) == 0 {
		return nil, err
	}
	original, err := c.open()
	if err != nil {
		return nil, err
	}
	var sources []Source
	for _, dependency := range lacking(original, prepared) {
		sources = append(sources, Source{URL: dependency.Repository, Name: dependency.Name, Version: locked(original, dependency)})
	}
	return sources, nil
}

// lacking returns the direct dependencies that are enabled and missing. After the preparation of
// a chart, each has the name of its alias.
func lacking(original, prepared *helm.Chart) []*helm.Dependency {
	there, wanted := map[string]bool{}, map[string]bool{}
	for _, sub := range prepared.Dependencies() {
		there[sub.Name()] = true
	}
	for _, dependency := range prepared.Metadata.Dependencies {
		wanted[dependency.Name] = !there[dependency.Name]
	}
	var found []*helm.Dependency
	seen := map[string]bool{}
	for _, dependency := range original.Metadata.Dependencies {
		name := dependency.Name
		if dependency.Alias != "" {
			name = dependency.Alias
		}
		if key := dependency.Name + " " + dependency.Version; wanted[name] && !seen[key] {
			seen[key] = true
			found = append(found, dependency)
		}
	}
	return found
}

// locked returns the version of a dependency: from Chart.lock, else from Chart.yaml.
func locked(c *helm.Chart, dependency *helm.Dependency) string {
	if c.Lock == nil {
		return dependency.Version
	}
	for _, lock := range c.Lock.Dependencies {
		if lock.Name == dependency.Name && strings.TrimSuffix(lock.Repository, "/") == strings.TrimSuffix(dependency.Repository, "/") {
			return lock.Version
		}
	}
	return dependency.Version
}
