package plugin

import (
	"context"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/check"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/chart/redirect"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/chart/redirect/installed"
)

// findReleases checks what patch-helm would still set in the values of the Helm releases.
func findReleases(ctx context.Context, s *checkState) []check.Finding {
	if !s.hasMirror() {
		return nil
	}
	o := patchHelmOptions{streams: s.streams, target: s.target, installation: s.installation, registry: s.registry}
	reader, err := newChartReader(o.charts, s.registries, false)
	if err != nil {
		return []check.Finding{check.Unread(check.SectionReleases, "Helm releases", err)}
	}
	defer reader.close()
	found, err := o.findInstalled(ctx, s.registries, reader, s.inst, installed.Releases(s.inst))
	if err != nil {
		return nil // interrupted
	}
	var releases []check.Release
	for _, r := range found.releases {
		releases = append(releases, s.judged(r))
	}
	return check.Releases(releases, found.gaps, s.runtimeMirrors)
}

// judged converts a release for package check.
func (s *checkState) judged(r installed.Redirected) check.Release {
	release := check.Release{Name: r.ID(), Cluster: r.Cluster(), Command: s.patchHelmCommand(r.ID())}
	for _, img := range r.Images {
		switch img.State {
		case redirect.Redirected:
			release.Away = append(release.Away, img.Reference)
		case redirect.Left:
			release.Left = append(release.Left, check.LeftReference{Object: img.Object, Reference: img.Reference, Why: img.Reason})
		}
	}
	return release
}
