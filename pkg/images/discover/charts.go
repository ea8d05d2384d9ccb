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
	// Installed says what a Helm release refers to.
	Installed(ctx context.Context, release kkp.HelmRelease, api kkp.API, keepOverrides bool) (Rendered, error)
	// Local returns the charts that the user has at hand.
	Local() []Chart
	// Bundled returns the charts in an image of KKP.
	Bundled(ctx context.Context, image images.Ref) ([]Chart, error)
	// Pull gets a chart from its repository.
	Pull(ctx context.Context, source kkp.ChartSource) (Chart, error)
}

// Chart is a chart that can be rendered.
type Chart struct {
	Path    string // where it was found
	Name    string
	Version string
	Err     error // why it could not be read
	Render  func(context.Context, RenderOptions) (Rendered, error)
}

// RenderOptions says how a chart is rendered.
type RenderOptions struct {
	Values        map[string]any   // over the chart's own and those that the user gave for local charts
	Release       *kkp.HelmRelease // that the chart is for: its values, name and namespace in place of the user's; nil: none
	API           kkp.API          // of the cluster that it is for
	KeepOverrides bool             // of image locations
}

// Rendered is what a chart refers to. It can come with an error: then it is what could be
// read.
type Rendered struct {
	Hits        []manifest.Hit
	Removed     []string       // overrides of image locations that were taken out
	Unexplained []manifest.Hit // references on a private registry whose upstream name is not known
}

// charts adds what the installed Helm releases and the charts at hand refer to.
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

// bundledCharts adds what the charts in the image of the KKP release refer to.
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

// kubermaticImage is KKP's image of the release, which has its charts.
func (f *finder) kubermaticImage() images.Ref {
	registry, repository := catalog.OperatorRepository(f.release.Edition())
	return images.Ref{Registry: registry, Repository: repository, Tag: f.release.Version()}
}

func (f *finder) readBundle(ctx context.Context) ([]Chart, error) {
	return f.opts.Charts.Bundled(ctx, f.kubermaticImage())
}

// chartJob is a chart to be rendered, and what its references are needed for.
type chartJob struct {
	subject string // in gaps and notes
	reason  images.Reason
	render  func(context.Context) (Rendered, error)
	adjust  func(images.Ref) images.Ref // nil: nothing
	done    Rendered
	err     error
}

// installed is the job for a Helm release.
func (f *finder) installed(release kkp.HelmRelease, api kkp.API, cluster string) chartJob {
	return chartJob{
		subject: fmt.Sprintf("Helm release %s on %s", release.ID(), cluster),
		reason:  images.Reason{Source: Charts, Component: release.Name, Cluster: cluster, Condition: chartCondition(release.ChartName, release.ChartVersion)},
		render: func(ctx context.Context) (Rendered, error) {
			return f.opts.Charts.Installed(ctx, release, api, !f.opts.IgnoreOverrides)
		},
	}
}

// local is the job for a chart that is not installed: it is rendered for the master.
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

// render does jobs, as many at once as there are processors, and adds what they find.
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

// rendered adds what a chart refers to, with the objects that do.
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
		f.Gap(source, job.subject, fmt.Errorf("%s in %s is on a registry that the values override, and no default value tells its upstream name; "+
			"name it in spec.mirrorImages, or list it as it is with --ignore-repository-overrides=false", hit.Reference, hit.Object))
	}
	if len(job.done.Removed) > 0 {
		f.Note(fmt.Sprintf("%s: upstream names are listed, whatever its values set for %s", job.subject, strings.Join(job.done.Removed, ", ")))
	}
}

// enumerated names the first of some objects, and how many more there are.
func enumerated(objects []string) string {
	if len(objects) > 1 {
		return fmt.Sprintf("%s and %d more", objects[0], len(objects)-1)
	}
	return strings.Join(objects, "")
}
