package discover

import (
	"context"
	"errors"
	"runtime"

	"golang.org/x/sync/errgroup"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/discover/addon"
)

// addonsAtOnce bounds the renderings of an addon in one request. They share the time limit of an
// addon, and its files are parsed once.
const addonsAtOnce = 64

// addonJob is an addon to render for clusters of a Seed.
type addonJob struct {
	wantedAddon
	cluster string      // the Seed
	files   addon.Files // nil: the addon does not exist
	results []addon.Result
	err     error
}

// renderAddons runs the jobs concurrently, with the jobs of one addon in one request.
func (f *finder) renderAddons(ctx context.Context, jobs []*addonJob) {
	render := f.opts.Addons.Render
	if render == nil {
		render = func(_ context.Context, q addon.Request) (addon.Reply, error) { return addon.Answer(q) }
	}
	var group errgroup.Group
	group.SetLimit(runtime.GOMAXPROCS(0))
	for _, batch := range batches(jobs) {
		group.Go(func() error {
			batch.render(ctx, render)
			return nil
		})
	}
	_ = group.Wait() // the functions return nil: what fails is in the jobs
}

// addonBatch are jobs for one addon.
type addonBatch struct {
	jobs       []*addonJob
	renderings []addon.Rendering // of all jobs, in their order
}

// batches groups jobs by addon, in groups of bounded size.
func batches(jobs []*addonJob) []*addonBatch {
	var all []*addonBatch
	open := map[string]*addonBatch{}
	for _, job := range jobs {
		if job.files == nil {
			continue
		}
		batch := open[job.addon.Name]
		if batch == nil || len(batch.renderings) >= addonsAtOnce {
			batch = &addonBatch{}
			all, open[job.addon.Name] = append(all, batch), batch
		}
		batch.jobs = append(batch.jobs, job)
		for _, clusters := range job.clusters {
			batch.renderings = append(batch.renderings, addon.Rendering{Clusters: clusters, Variables: job.addon.Variables})
		}
	}
	return all
}

// render sends the request, and gives each job its results.
func (b *addonBatch) render(ctx context.Context, render func(context.Context, addon.Request) (addon.Reply, error)) {
	first := b.jobs[0]
	reply, err := render(ctx, addon.Request{Name: first.addon.Name, Files: first.files, Renderings: b.renderings})
	if err == nil && len(reply.Results) != len(b.renderings) {
		err = errors.New("the addon was not rendered completely")
	}
	for _, job := range b.jobs {
		if job.err = err; err != nil {
			continue
		}
		job.results, reply.Results = reply.Results[:len(job.clusters)], reply.Results[len(job.clusters):]
	}
}
