package chart

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/manifest"
)

// Release is an installed release, as far as it matters here.
type Release struct {
	Target
	Stored    json.RawMessage // the chart, as the release holds it
	Config    map[string]any  // the user's values
	Manifests []string        // what is installed, with hooks and tests
}

// Installed returns what a release refers to. Without overrides, or to keep them, that is
// what is installed: nothing can be more exact. Else the chart is rendered without them:
// the stored one, or another copy of it if the stored one lacks subcharts. Where there is
// no whole copy, or it does not render, the values tell where each image came from.
func (r *Renderer) Installed(ctx context.Context, release Release, copies func(name, version string) *Chart, keepOverrides bool) (Result, error) {
	installed, err := installed(release)
	if err != nil || keepOverrides {
		return Result{Hits: installed}, err
	}
	stored, err := FromRelease(release.Stored)
	if err != nil {
		return Result{Hits: installed}, fmt.Errorf("its chart: %w", err)
	}
	upstream, err := stored.Upstream(release.Config)
	if err != nil {
		return Result{Hits: installed}, fmt.Errorf("its chart: %w", err)
	}
	if len(upstream.Removed) == 0 {
		return Result{Hits: installed}, nil
	}
	hits, unexplained := upstream.origins.apply(installed)
	for _, c := range []*Chart{stored, copies(stored.Name, stored.Version)} {
		if c == nil {
			continue
		}
		result, err := r.Render(ctx, c, release.Config, false, release.Target)
		if ctx.Err() != nil {
			return Result{}, ctx.Err()
		}
		if err == nil && covers(result.Hits, hits) {
			return result, nil
		}
	}
	return Result{Hits: hits, Removed: upstream.Removed, Unexplained: unexplained}, nil
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
func installed(release Release) ([]manifest.Hit, error) {
	var hits []manifest.Hit
	var failures []error
	for _, text := range release.Manifests {
		objects, err := manifest.Decode([]byte(text))
		failures = append(failures, err)
		for _, object := range objects {
			hits = append(hits, manifest.Find(object)...)
		}
	}
	return hits, errors.Join(failures...)
}
