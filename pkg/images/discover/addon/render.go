package addon

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"text/template"
	"time"
)

// ImageUse is a reference with the clusters that need it.
type ImageUse struct {
	Reference string
	Rewritten bool // KKP's function Image applies overwriteRegistry to the reference
	Clusters  []ClusterSet
	DependsOn DependsOn
}

// DependsOn says which properties of the cluster the template used.
type DependsOn struct{ Kubernetes, Provider, CNI bool }

// Render returns the sorted image references of an addon for a set of clusters, and the files that
// could not be rendered. A template is rendered once for each group of clusters for which it cannot
// differ: see docs/adr/0020.
func (a *Addon) Render(clusters ClusterSet, variables map[string]any) ([]ImageUse, []Failure) {
	return a.render(clusters, variables, time.Now().Add(maxTime))
}

func (a *Addon) render(clusters ClusterSet, variables map[string]any, deadline time.Time) ([]ImageUse, []Failure) {
	if clusters.empty() {
		return nil, nil
	}
	job := job{addon: a, variables: variables, needs: map[string]*ImageUse{}, failures: map[string]Failure{}, deadline: deadline}
	a.engine.steps = 0
	for _, file := range a.templates {
		job.file(file, clusters)
	}
	var needs []ImageUse
	for _, reference := range slices.Sorted(maps.Keys(job.needs)) {
		needs = append(needs, *job.needs[reference])
	}
	failures := slices.Clone(a.broken)
	for _, text := range slices.Sorted(maps.Keys(job.failures)) {
		failures = append(failures, job.failures[text])
	}
	return needs, failures
}

// job is the rendering of an addon for some clusters.
type job struct {
	addon     *Addon
	variables map[string]any
	needs     map[string]*ImageUse // by reference
	failures  map[string]Failure   // by their error
	deadline  time.Time
}

func (j *job) file(file *template.Template, clusters ClusterSet) {
	groups := 0
	render := func(one ClusterSet) ([]step, *rendered) {
		if groups++; groups > maxRendered {
			return nil, &rendered{err: fmt.Errorf("the addon renders differently for more than %d groups of clusters", maxRendered)}
		}
		return j.addon.engine.render(file, one, copied(j.variables), j.deadline)
	}
	(&node{}).walk(nil, clusters, render, func(group ClusterSet, result *rendered) { j.add(file.Name(), group, result) })
}

// add adds the image references of a file for some clusters.
func (j *job) add(file string, clusters ClusterSet, result *rendered) {
	references := slices.Clone(result.images)
	for _, hit := range result.hits {
		references = append(references, hit.Reference)
	}
	slices.Sort(references)
	for _, reference := range slices.Compact(references) {
		need := j.needs[reference]
		if need == nil {
			need = &ImageUse{Reference: reference}
			j.needs[reference] = need
		}
		need.Clusters = append(need.Clusters, clusters)
		need.Rewritten = need.Rewritten || slices.Contains(result.images, reference)
		need.DependsOn.Kubernetes = need.DependsOn.Kubernetes || result.tells.Kubernetes
		need.DependsOn.Provider = need.DependsOn.Provider || result.tells.Provider
		need.DependsOn.CNI = need.DependsOn.CNI || result.tells.CNI
	}
	if result.err == nil {
		return
	}
	if _, known := j.failures[file+result.err.Error()]; !known {
		j.failures[file+result.err.Error()] = Failure{
			Subject: fmt.Sprintf("addon %s, file %s", j.addon.Name, file), Err: result.err, Cluster: clusters.one().describe(),
		}
	}
}

// describe returns the first cluster of the set with the settings that are on.
func (s ClusterSet) describe() string {
	parts := []string{"Kubernetes " + s.Kubernetes[0], s.Providers[0], s.CNI[0]}
	for _, setting := range slices.Sorted(maps.Keys(s.Settings)) {
		if s.Settings[setting] {
			parts = append(parts, setting)
		}
	}
	return strings.Join(parts, ", ")
}

// copied returns a copy of variables, because templates can change them.
func copied(variables map[string]any) map[string]any {
	result := make(map[string]any, len(variables))
	for name, value := range variables {
		result[name] = copiedValue(value)
	}
	return result
}

func copiedValue(value any) any {
	switch v := value.(type) {
	case map[string]any:
		return copied(v)
	case []any:
		items := make([]any, len(v))
		for i := range v {
			items[i] = copiedValue(v[i])
		}
		return items
	default:
		return v
	}
}
