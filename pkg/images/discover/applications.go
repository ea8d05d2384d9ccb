package discover

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"

	"github.com/Masterminds/semver/v3"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/discover/appvalues"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/kkp"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/redact"
)

// upstreamCharts is the repository of the charts of KKP's applications. otherCharts is the
// repository of kubevirt, and of the system applications of KKP 2.28 (kubermatic
// pkg/applicationdefinitions).
const (
	upstreamCharts = "oci://quay.io/kubermatic-mirror/helm-charts"
	otherCharts    = "oci://quay.io/kubermatic/helm-charts"
)

// applications adds the charts of the applications for user clusters, and the images of the charts.
func (f *finder) applications(ctx context.Context) {
	f.unread(Applications, kkp.PartApps, kkp.PartInstalled)
	if f.opts.Charts == nil {
		f.nothing(Applications, noCharts)
		return
	}
	if !f.release.Exact() && !f.wants(Components) { // that source adds the gap itself
		f.inexact(Applications)
	}
	var jobs []chartJob
	everyVersion := map[string]bool{}
	minors := f.minors()
	for _, app := range f.definitions() {
		values := f.valuesOf(ctx, app.Application, minors)
		for _, version := range f.versionsOf(app, everyVersion) {
			jobs = append(jobs, f.application(app.Application, version, values)...)
		}
	}
	if len(everyVersion) > 0 {
		f.Note(fmt.Sprintf("every version of %s is listed, because the installed versions are not known: %v",
			counted(slices.Sorted(maps.Keys(everyVersion)), "application"), f.unknownInstallations()))
	}
	if len(jobs) == 0 {
		f.nothing(Applications, "none is in scope: spec.applications turns KKP's own off, and no ApplicationDefinition has others")
	}
	f.render(ctx, jobs)
}

// application adds the chart of a version of an application, and returns the jobs that render it:
// one for each Kubernetes minor in scope.
func (f *finder) application(app kkp.Application, version kkp.ApplicationVersion, values []clusterValues) []chartJob {
	subject := fmt.Sprintf("application %s %s", app.Name, version.Version)
	reason := images.Reason{Source: Applications, Component: app.Name + " " + version.Version}
	if version.Git != "" {
		f.Gap(Applications, subject, fmt.Errorf("its chart is in the Git repository %s, and Git repositories are not read; "+
			"check it out and name the directory in --charts-directory", redact.Address(version.Git)))
		return nil
	}
	source := version.Chart
	if f.opts.IgnoreOverrides {
		source.URL = f.upstreamURL(app, source)
	}
	reason.Condition = chartCondition(source.Name, source.Version)
	f.chart(source, subject, reason)
	var jobs []chartJob
	for _, of := range values {
		jobs = append(jobs, chartJob{
			subject: subject, reason: reason, adjust: f.rewritten(app),
			render: func(ctx context.Context) (Rendered, error) { return f.renderApplication(ctx, source, of) },
		})
	}
	return jobs
}

// upstreamURL returns the upstream repository of a chart that KKP pulls from helmRepository.
func (f *finder) upstreamURL(app kkp.Application, source kkp.ChartSource) string {
	for _, setting := range f.helmRepositories() {
		if setting.address == "" || source.URL != setting.address {
			continue
		}
		f.Note(fmt.Sprintf("the list has upstream names for the charts of applications, regardless of %s", setting.field))
		for _, shipped := range f.release.Applications() {
			if shipped.Name == app.Name && shipped.Chart == source.Name {
				return shipped.Repository
			}
		}
		if source.Name == "kubevirt" && !app.System {
			return otherCharts
		}
		return upstreamCharts
	}
	return source.URL
}

// chart adds a chart. If helmRepository is set, KKP pulls all its own charts from this one
// repository. A chart with another upstream repository therefore gets a second place.
func (f *finder) chart(source kkp.ChartSource, subject string, reason images.Reason) {
	repository, ok := strings.CutPrefix(source.URL, "oci://")
	if !ok {
		f.Note(fmt.Sprintf("%s: the chart comes from %s, which is not a registry: the list has the images of the chart, but not the chart; mirror the chart yourself",
			subject, redact.Address(source.URL)))
		return
	}
	ref, err := images.ParseRef(strings.TrimSuffix(repository, "/") + "/" + source.Name + ":" + chartTag(source.Version))
	if err != nil {
		f.Gap(Applications, subject, err)
		return
	}
	img := images.Image{Ref: ref, Kind: images.KindChart, Reasons: []images.Reason{reason}}
	if source.URL == otherCharts {
		also, _ := images.ParseRef(strings.TrimPrefix(upstreamCharts, "oci://") + "/" + source.Name)
		img.Also = []string{also.Repository}
	}
	f.Add(img)
}

// chartTag returns the tag of a chart version. A tag cannot contain +, so Helm writes _.
func chartTag(version string) string { return strings.ReplaceAll(version, "+", "_") }

// rewritten returns the reference that KKP pulls for an image of an application. KKP applies
// overwriteRegistry to the images of its own applications (kubermatic
// application-installation-controller, v2.31.0).
func (f *finder) rewritten(app kkp.Application) func(images.Ref) images.Ref {
	if f.opts.IgnoreOverrides || !app.System || !f.overrides.rewrites {
		return nil
	}
	return f.overrides.rewrite.Ref
}

// clusterValues returns the values of an application for a Kubernetes version. They are rendered
// once.
type clusterValues struct {
	kubernetes string
	render     func() (map[string]any, error)
}

func (f *finder) valuesOf(ctx context.Context, app kkp.Application, versions []string) []clusterValues {
	var values []clusterValues
	for _, kubernetes := range versions {
		values = append(values, clusterValues{kubernetes, sync.OnceValues(func() (map[string]any, error) { return f.applicationValues(ctx, app, kubernetes) })})
	}
	return values
}

// renderApplication renders a chart with the release options that KKP uses in user clusters.
func (f *finder) renderApplication(ctx context.Context, source kkp.ChartSource, of clusterValues) (Rendered, error) {
	chart, err := f.opts.Charts.Pull(ctx, source)
	if err != nil {
		return Rendered{}, err
	}
	values, err := of.render()
	if err != nil {
		return Rendered{}, err
	}
	return chart.Render(ctx, RenderOptions{Values: values, API: kkp.API{Kubernetes: "v" + of.kubernetes}, KeepOverrides: !f.opts.IgnoreOverrides})
}

// minors returns the newest Kubernetes version in scope for each minor.
func (f *finder) minors() []string {
	newest := map[string]string{}
	for _, version := range summarize(f.scopes).Kubernetes { // ascending
		if minor := minorOf(version); minor != "" {
			newest[minor] = version
		}
	}
	if len(newest) == 0 {
		return []string{strings.TrimPrefix(f.release.DefaultKubernetes(), "v")}
	}
	return slices.SortedFunc(maps.Values(newest), compareVersions)
}

func minorOf(version string) string {
	v, err := semver.NewVersion(version)
	if err != nil {
		return ""
	}
	return fmt.Sprintf("%d.%d", v.Major(), v.Minor())
}

// applicationValues renders the default values of an application for a Kubernetes version.
func (f *finder) applicationValues(ctx context.Context, app kkp.Application, kubernetes string) (map[string]any, error) {
	cluster := appvalues.Cluster{
		Name: "cluster", HumanReadableName: "cluster", Version: kubernetes, MajorMinorVersion: minorOf(kubernetes),
		AutoscalerVersion: autoscalerVersion(f.release.Version(), minorOf(kubernetes)),
	}
	if cluster.AutoscalerVersion == "" && strings.Contains(fmt.Sprint(app.Values), "AutoscalerVersion") {
		return nil, fmt.Errorf("the version of cluster-autoscaler that KKP %s installs for Kubernetes %s is not known", f.release.Version(), minorOf(kubernetes))
	}
	render := f.opts.Values
	if render == nil {
		render = func(_ context.Context, q appvalues.Request) (map[string]any, error) { return appvalues.Render(q) }
	}
	values, err := render(ctx, appvalues.Request{Values: app.Values, Cluster: cluster})
	if err != nil {
		return nil, err
	}
	if app.System && app.Name == "cilium" {
		withEnvoy(values)
	}
	return values, nil
}

// withEnvoy returns values with cilium's envoy enabled. KKP's default values disable it, but users
// enable it for ingress and gateways.
func withEnvoy(values map[string]any) {
	envoy, ok := values["envoy"].(map[string]any)
	if !ok {
		envoy = map[string]any{}
		values["envoy"] = envoy
	}
	envoy["enabled"] = true
}

// autoscalerVersion returns the tag of cluster-autoscaler for a Kubernetes minor (kubermatic
// pkg/applications/providers/template/util.go at each minor), "" without one.
func autoscalerVersion(release, minor string) string {
	tags := map[string]string{"1.29": "v1.29.5", "1.30": "v1.30.3", "1.31": "v1.31.1", "1.32": "v1.32.1"}
	switch minorOf(release) {
	case "2.28":
		maps.Copy(tags, map[string]string{"1.33": "v1.32.1"})
	case "2.29":
		maps.Copy(tags, map[string]string{"1.33": "v1.33.0", "1.34": "v1.33.0"})
	case "2.30":
		maps.Copy(tags, map[string]string{"1.33": "v1.33.3", "1.34": "v1.34.2", "1.35": "v1.34.2"})
	default:
		maps.Copy(tags, map[string]string{"1.33": "v1.33.3", "1.34": "v1.34.2", "1.35": "v1.35.1", "1.36": "v1.36.0"})
	}
	return tags[minor]
}
