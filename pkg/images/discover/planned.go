package discover

import (
	"context"
	"errors"
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/Masterminds/semver/v3"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/catalog"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/kkp"
)

// operatorChart is the name of a chart that exists only in KKP releases.
const operatorChart = "kubermatic-operator"

// upgrades reports whether the planned release or edition differs from the installed one. An
// unknown installed release counts as different.
func (f *finder) upgrades() bool {
	running := f.inst.Version
	return f.inst.Live && ("v"+strings.TrimPrefix(running, "v") != f.release.Version() ||
		f.inst.Edition != "" && !strings.EqualFold(f.inst.Edition, string(f.release.Edition())))
}

// hasKKPCharts reports whether the local charts are the charts of a KKP release.
func (f *finder) hasKKPCharts() bool {
	return f.opts.Charts != nil && slices.ContainsFunc(f.opts.Charts.Local(), func(c Chart) bool { return c.Name == operatorChart })
}

// plannedCharts returns the charts that an upgrade installs: local charts, or the charts in KKP's
// image. It returns none without an upgrade. Charts that cannot be read are a gap.
func (f *finder) plannedCharts() []Chart {
	installed := len(f.inst.Releases) > 0 || slices.ContainsFunc(f.inst.Seeds, func(s kkp.Seed) bool { return len(s.Releases) > 0 })
	if !f.upgrades() || !installed {
		return nil
	}
	if f.hasKKPCharts() {
		return f.opts.Charts.Local()
	}
	charts, err := f.bundle()
	if err != nil {
		f.Gap(Charts, "/opt/charts in "+f.kubermaticImage().String(), fmt.Errorf("%w; the images of the installed versions are listed in place of those of the charts of KKP %s; "+
			"pass these charts with --charts-directory", err, f.release.Version()))
	}
	return charts
}

// upgraded returns the job for a Helm release after the upgrade: the planned chart with the live
// values. Without a planned chart, the release stays unchanged.
func (f *finder) upgraded(today chartJob, release kkp.HelmRelease, api kkp.API, planned []Chart) chartJob {
	if len(planned) == 0 {
		return today
	}
	chart, ok := successor(release, planned)
	if !ok {
		f.Note(fmt.Sprintf("%s: KKP %s has no chart %s, so the images of the installed version are listed", today.subject, f.release.Version(), release.ChartName))
		return today
	}
	job := today
	job.reason.Condition = chartCondition(chart.Name, chart.Version)
	job.adjust = f.operatorOf(chart.Name)
	job.render = func(ctx context.Context) (Rendered, error) {
		if chart.Err != nil {
			return today.instead(ctx, chart.Err)
		}
		how := RenderOptions{Release: &release, API: api, KeepOverrides: !f.opts.IgnoreOverrides}
		rendered, err := chart.Render(ctx, how)
		if err == nil {
			return rendered, nil
		}
		bare := release
		bare.Config, how.Release = nil, &bare
		defaults, failure := chart.Render(ctx, how)
		if failure != nil {
			return today.instead(ctx, err)
		}
		defaults.Hits = append(defaults.Hits, rendered.Hits...) // the references that could be read
		return defaults, fmt.Errorf("the chart %s %s does not render with the values of the release, so its default values are used: %w", chart.Name, chart.Version, err)
	}
	return job
}

// gatewayChart is the chart that KKP 2.31 and newer need on the master instead of an ingress
// controller, unless the configuration names another Gateway (kubermatic kubermatic-installer,
// v2.31.0).
const gatewayChart = "envoy-gateway-controller"

// required returns the planned charts that an upgrade installs in addition.
func (f *finder) required(planned []Chart) []Chart {
	version, err := semver.NewVersion(f.release.Version())
	if err != nil || version.Major() == 2 && version.Minor() < 31 || f.inst.Configuration.Field("spec.ingress.gateway.externalGateway.name") != "" ||
		slices.ContainsFunc(f.inst.Releases, func(r kkp.HelmRelease) bool { return r.ChartName == gatewayChart }) {
		return nil
	}
	i := slices.IndexFunc(planned, func(c Chart) bool { return c.Name == gatewayChart })
	if i < 0 {
		return nil
	}
	f.Note(fmt.Sprintf("KKP %s needs the chart %s, which is not installed: its default values are used", f.release.Version(), gatewayChart))
	return planned[i : i+1]
}

// instead renders the installed release after an error with the planned chart.
func (job chartJob) instead(ctx context.Context, err error) (Rendered, error) {
	rendered, failure := job.render(ctx)
	return rendered, errors.Join(fmt.Errorf("the chart of the planned version does not render, so the images of the installed version are listed: %w", err), failure)
}

// successor returns the planned chart of a release. KKP has several charts with the same name, in
// directories with the name of their namespace.
func successor(release kkp.HelmRelease, charts []Chart) (Chart, bool) {
	var found []Chart
	for _, chart := range charts {
		if chart.Name == release.ChartName {
			found = append(found, chart)
		}
	}
	if len(found) == 0 {
		return Chart{}, false
	}
	slices.SortStableFunc(found, func(a, b Chart) int { return strings.Count(a.Path, "/") - strings.Count(b.Path, "/") })
	for _, chart := range found {
		if slices.Contains(strings.Split(path.Dir(chart.Path), "/"), release.Namespace) {
			return chart, true
		}
	}
	return found[0], true
}

// operatorOf changes references of the chart of KKP's operator to the planned edition: the default
// of the chart is always the image of the Community Edition.
func (f *finder) operatorOf(chart string) func(images.Ref) images.Ref {
	if chart != operatorChart || f.release.Edition() != catalog.EE {
		return nil
	}
	ee := f.kubermaticImage()
	return func(ref images.Ref) images.Ref {
		if ref.Name()+"-ee" == ee.Name() {
			ref.Repository = ee.Repository
		}
		return ref
	}
}
