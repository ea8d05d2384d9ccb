package chart

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/manifest"
)

// InstalledRelease is an installed release, as far as it matters here.
type InstalledRelease struct {
	ReleaseOptions
	Stored    json.RawMessage // the chart, as the release holds it; nil: not known
	Config    map[string]any  // the user's values
	Manifests []string        // what is installed, with hooks and tests
}

// Installed returns what a release refers to. Without overrides, or to keep them, that is
// what is installed: nothing can be more exact. Else the chart is rendered without them:
// the stored one, or another copy of it if the stored one lacks subcharts. Where there is
// no whole copy, or it does not render, the values tell where each image came from.
func (r *Renderer) Installed(ctx context.Context, release InstalledRelease, copies func(name, version string) *Chart, keepOverrides bool) (Result, error) {
	reply, err := r.run(ctx, Request{
		Want: wantInstalled, Stored: release.Stored, Values: release.Config, KeepOverrides: keepOverrides, Manifests: release.Manifests,
	})
	if err != nil || len(reply.Result.Removed) == 0 {
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
		if err == nil && covers(result.Hits, reply.Result.Hits) {
			return result, nil
		}
	}
	return reply.Result, nil
}

// installed says what is installed, under its upstream names unless overrides are to be kept.
// There are none if nothing was removed.
func (q Request) installed() (Reply, error) {
	hits, err := installed(q.Manifests)
	if err != nil || q.KeepOverrides {
		return Reply{Result: Result{Hits: hits}}, err
	}
	stored, err := FromRelease(q.Stored)
	if err != nil {
		return Reply{Result: Result{Hits: hits}}, fmt.Errorf("its chart: %w", err)
	}
	upstream, err := stored.Upstream(q.Values)
	if err != nil {
		return Reply{Result: Result{Hits: hits}}, fmt.Errorf("its chart: %w", err)
	}
	reply := Reply{Result: Result{Hits: hits, Removed: upstream.Removed}, Name: stored.Name, Version: stored.Version}
	if len(upstream.Removed) > 0 {
		reply.Result.Hits, reply.Result.Unexplained = upstream.origins.apply(hits)
	}
	return reply, nil
}

// covers tells whether what was rendered has every repository that is installed. If not,
// the chart lacks subcharts that it does not name.
func covers(rendered, installed []manifest.Hit) bool {
	names := map[string]bool{}
	for _, hit := range rendered {
		names[repositoryName(hit.Reference)] = true
	}
	for _, hit := range installed {
		if !names[repositoryName(hit.Reference)] {
			return false
		}
	}
	return true
}

// installed returns the references in what a release has installed.
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
