package chart

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/manifest"
)

// InstalledRelease is an installed Helm release: its values and manifests.
type InstalledRelease struct {
	ReleaseOptions
	Stored    json.RawMessage // the chart as stored with the release; nil: not known
	Config    map[string]any  // the user's values
	Manifests []string        // installed manifests, with hooks and tests
}

// Installed returns the image references of a release. Without overrides, and with
// keepOverrides, these are the references of the installed manifests. Otherwise the chart is
// rendered without the overrides: the stored chart, or a copy from copies if the stored chart
// lacks subcharts. If neither renders, the installed references are mapped back by the values.
func (r *Renderer) Installed(ctx context.Context, release InstalledRelease, copies func(name, version string) *Chart, keepOverrides bool) (Result, error) {
	reply, err := r.run(ctx, Request{
		Want: wantInstalled, Stored: release.Stored, Values: release.Config, KeepOverrides: keepOverrides, Manifests: release.Manifests,
	})
	if err != nil || !reply.Overridden {
		return reply.Result, err
	}
	stored := &Chart{Name: reply.Name, Version: reply.Version, stored: release.Stored, digest: digestOf(release.Stored), asksCluster: true}
	for _, c := range []*Chart{stored, copies(stored.Name, stored.Version)} {
		if c == nil {
			continue
		}
		result, err := r.Render(ctx, c, release.Config, false, release.ReleaseOptions)
		if ctx.Err() != nil {
			return Result{}, ctx.Err()
		}
		if err == nil && covers(result, reply.Result) {
			return result, nil
		}
	}
	return reply.Result, nil
}

// installed returns the references of the installed manifests. Without KeepOverrides they are
// mapped back to upstream names.
func (q Request) installed() (Reply, error) {
	hits, err := installed(q.Manifests)
	if err != nil || q.KeepOverrides {
		return Reply{Result: Result{Hits: hits}}, err
	}
	stored, err := FromRelease(q.Stored)
	if err != nil {
		return Reply{Result: Result{Hits: hits}}, fmt.Errorf("the stored chart cannot be read: %w", err)
	}
	upstream, err := stored.Upstream(q.Values)
	if err != nil {
		return Reply{Result: Result{Hits: hits}}, fmt.Errorf("the stored chart cannot be read: %w", err)
	}
	references := byPlace(hits)
	if len(upstream.Removed) == 0 && len(upstream.trials(slices.Collect(maps.Values(references)))) == 0 {
		return Reply{Result: Result{Hits: hits}}, nil
	}
	return Reply{Result: upstream.result(hits, upstream.origins.names(references)), Name: stored.Name, Version: stored.Version, Overridden: true}, nil
}

// covers reports whether the rendered chart has every installed reference: its place, or its
// repository. If not, the chart lacks subcharts without naming them.
func covers(rendered, installed Result) bool {
	names, places := map[string]bool{}, map[place]bool{}
	for _, hit := range slices.Concat(rendered.Hits, rendered.Unexplained) {
		names[repositoryName(hit.Reference)] = true
		places[place{object: hit.Object, path: hit.Path}] = true
	}
	for _, hit := range slices.Concat(installed.Hits, installed.Unexplained) {
		if !places[place{object: hit.Object, path: hit.Path}] && !names[repositoryName(hit.Reference)] {
			return false
		}
	}
	return true
}

// installed returns the references in the manifests of a release.
func installed(manifests []string) ([]manifest.Hit, error) {
	var hits []manifest.Hit
	var failures []error
	for _, text := range manifests {
		objects, err := manifest.Decode([]byte(text))
		failures = append(failures, err)
		for _, object := range objects {
			hits = append(hits, manifest.Find(object)...)
		}
	}
	return hits, errors.Join(failures...)
}
