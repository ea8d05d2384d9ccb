package discover

import (
	"cmp"
	"context"
	"fmt"
	"runtime"
	"strings"

	"golang.org/x/sync/errgroup"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/catalog"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/manifest"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/kkp"
)

// ChartReader reads and renders Helm charts. It is safe for concurrent use.
type ChartReader interface {
	// Installed returns the image references of a Helm release.
	Installed(ctx context.Context, release kkp.HelmRelease, api kkp.API, keepOverrides bool) (Rendered, error)
	// Local returns the local charts of the user.
	Local() []Chart
	// Bundled returns the charts in an image of KKP.
	Bundled(ctx context.Context, image images.Ref) ([]Chart, error)
	// Pull returns a chart from its repository.
	Pull(ctx context.Context, source kkp.ChartSource) (Chart, error)
}

// Chart is a chart that can be rendered.
type Chart struct {
	Path    string // path of a local chart
	Name    string
	Version string
	Err     error // error of reading the chart
	Render  func(context.Context, RenderOptions) (Rendered, error)
}

// RenderOptions are the options of a rendering.
type RenderOptions struct {
	Values        map[string]any   // override the values of the chart, and the user's values for local charts
	Release       *kkp.HelmRelease // the release of the chart, whose values, name and namespace are used; nil: none
	API           kkp.API          // API of the cluster
	KeepOverrides bool             // keep overrides of repositories in the values
}

// Rendered is the image references of a chart. With an error, it has the references that could be
// read.
type Rendered struct {
	Hits        []manifest.Hit
	Removed     []string       // removed overrides of repositories
	Unexplained []manifest.Hit // references on a registry of the overrides without a known upstream name
}

// charts adds the images of the installed Helm releases and of local charts.
func (f *finder) charts(ctx context.Context) {
	f.unread(Charts, kkp.PartReleases)
	if f.opts.Charts == nil {
		f.nothing(Charts, noCharts)
		return
	}
	planned := f.plannedCharts()
	var jobs []chartJob
	install := func(releases []kkp.HelmRelease, api kkp.API, cluster string) {
		for _, release := range releases {
			jobs = append(jobs, f.upgraded(f.installed(release, api, cluster), release, api, planned))
		}
	}
	install(f.inst.Releases, f.inst.API, master)
	for _, seed := range f.inst.Seeds {
		install(seed.Releases, seed.API, seed.Name)
	}
	for _, c := range f.required(planned) {
		jobs = append(jobs, f.local(c, Charts))
	}
	for _, c := range f.opts.Charts.Local() {
		jobs = append(jobs, f.local(c, Charts))
	}
	switch {
	case len(jobs) > 0:
		f.nothing(Charts, "the charts refer to no image")
	case f.inst.Live:
		f.nothing(Charts, "no Helm releases in KKP's namespaces")
	default:
		f.nothing(Charts, noInstallation)
	}
	f.render(ctx, jobs)
}

// bundledCharts adds the images of the charts in the release's KKP image.
func (f *finder) bundledCharts(ctx context.Context) {
	if f.opts.Charts == nil {
		f.nothing(BundledCharts, noCharts)
		return
	}
	found, err := f.bundle()
	if err != nil {
		f.Gap(BundledCharts, "/opt/charts in "+f.kubermaticImage().String(), err)
	}
	var jobs []chartJob
	for _, c := range found {
		jobs = append(jobs, f.local(c, BundledCharts))
	}
	f.nothing(BundledCharts, "the charts refer to no image")
	f.render(ctx, jobs)
}

// kubermaticImage returns the release's KKP image, which contains the charts.
func (f *finder) kubermaticImage() images.Ref {
	registry, repository := catalog.OperatorRepository(f.release.Edition())
	return images.Ref{Registry: registry, Repository: repository, Tag: f.release.Version()}
}

func (f *finder) readBundle(ctx context.Context) ([]Chart, error) {
	return f.opts.Charts.Bundled(ctx, f.kubermaticImage())
}

// chartJob is a chart to render, with the reason for its images.
type chartJob struct {
	subject string // name in gaps and notes
	reason  images.Reason
	render  func(context.Context) (Rendered, error)
	adjust  func(images.Ref) images.Ref // nil: references stay the same
	done    Rendered
	err     error
}

// installed returns the job for a Helm release.
func (f *finder) installed(release kkp.HelmRelease, api kkp.API, cluster string) chartJob {
	return chartJob{
		subject: fmt.Sprintf("Helm release %s on %s", release.ID(), images.ClusterName(cluster)),
		reason:  images.Reason{Source: Charts, Component: release.Name, Cluster: cluster, Condition: chartCondition(release.ChartName, release.ChartVersion)},
		render: func(ctx context.Context) (Rendered, error) {
			return f.opts.Charts.Installed(ctx, release, api, !f.opts.IgnoreOverrides)
		},
	}
}

// local returns the job for a chart that is not installed. It is rendered for the master.
func (f *finder) local(c Chart, source string) chartJob {
	api := f.inst.API
	api.Kubernetes = cmp.Or(api.Kubernetes, "v"+strings.TrimPrefix(f.release.DefaultKubernetes(), "v"))
	return chartJob{
		subject: "chart " + c.Path,
		reason:  images.Reason{Source: source, Component: c.Name, Condition: chartCondition(c.Name, c.Version)},
		adjust:  f.operatorOf(c.Name),
		render: func(ctx context.Context) (Rendered, error) {
			if c.Err != nil {
				return Rendered{}, c.Err
			}
			return c.Render(ctx, RenderOptions{API: api, KeepOverrides: !f.opts.IgnoreOverrides})
		},
	}
}

func chartCondition(name, version string) string { return "chart " + name + " " + version }

// render runs the jobs, one per processor at a time, and adds their images.
func (f *finder) render(ctx context.Context, jobs []chartJob) {
	var group errgroup.Group
	group.SetLimit(runtime.GOMAXPROCS(0))
	for i := range jobs {
		group.Go(func() error {
			jobs[i].done, jobs[i].err = jobs[i].render(ctx)
			return nil
		})
	}
	_ = group.Wait() // the functions return nil: what fails is in the jobs
	for _, job := range jobs {
		f.rendered(job)
	}
}

// rendered adds the images of a chart, with the names of the objects that use them.
func (f *finder) rendered(job chartJob) {
	source := job.reason.Source
	if job.err != nil {
		f.Gap(source, job.subject, job.err)
	}
	objects := map[images.Ref][]string{}
	for _, hit := range job.done.Hits {
		ref, err := images.ParseRef(hit.Reference)
		if err != nil {
			f.Gap(source, job.subject, fmt.Errorf("%s, %s: %w", hit.Object, hit.Path, err))
			continue
		}
		objects[ref] = append(objects[ref], hit.Object)
	}
	for ref, by := range objects {
		reason := job.reason
		reason.Condition += ", " + enumerated(distinct(by))
		if job.adjust != nil {
			ref = job.adjust(ref)
		}
		f.found(ref, reason)
	}
	for _, hit := range job.done.Unexplained {
		f.Gap(source, job.subject, fmt.Errorf("%s in %s comes from a registry that the values set, and its upstream name is unknown; pass the complete chart with --charts-directory, "+
			"or list the image as it is with --ignore-repository-overrides=false", hit.Reference, hit.Object))
	}
	if len(job.done.Removed) > 0 {
		f.Note(fmt.Sprintf("%s: the list has upstream names in place of the names that the values set: %s", job.subject, strings.Join(job.done.Removed, ", ")))
	}
}

// enumerated returns the name of the first object, and the number of further ones.
func enumerated(objects []string) string {
	if len(objects) > 1 {
		return fmt.Sprintf("%s and %d more", objects[0], len(objects)-1)
	}
	return strings.Join(objects, "")
}
