package discover

import (
	"context"
	"errors"
	"runtime"

	"golang.org/x/sync/errgroup"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/discover/addon"
)

// addonsAtOnce is how many renderings of an addon are asked for at once: they share the time
// for an addon, and that its files are read once.
const addonsAtOnce = 64

// addonJob is an addon to be rendered for clusters of a Seed.
type addonJob struct {
	wantedAddon
	cluster string      // the Seed
	files   addon.Files // nil: the addon is not there
	results []addon.Result
	err     error
}

// renderAddons does the jobs, several at once, those of an addon together.
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

// batches parts jobs by their addons, and into parts that are not too large.
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

// render renders for all jobs.
func (b *addonBatch) render(ctx context.Context, render func(context.Context, addon.Request) (addon.Reply, error)) {
	first := b.jobs[0]
	reply, err := render(ctx, addon.Request{Name: first.addon.Name, Files: first.files, Renderings: b.renderings})
	if err == nil && len(reply.Results) != len(b.renderings) {
		err = errors.New("not all of it was rendered")
	}
	for _, job := range b.jobs {
		if job.err = err; err != nil {
			continue
		}
		job.results, reply.Results = reply.Results[:len(job.clusters)], reply.Results[len(job.clusters):]
	}
}
