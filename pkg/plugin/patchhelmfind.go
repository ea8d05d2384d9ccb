package plugin

import (
	"context"
	"fmt"
	"path/filepath"
	"sync"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/chart"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/chart/redirect"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/chart/redirect/installed"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/fetch"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/transfer"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/kkp"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/plugin/option"
)

// helmReleases are the releases of an installation.
type helmReleases struct {
	releases   []installed.Redirected
	gaps       []images.Gap
	registries *transfer.Registries
}

// items returns the releases for a document.
func (f helmReleases) items() []redirect.Item {
	var items []redirect.Item
	for _, r := range f.releases {
		items = append(items, r.Item())
	}
	return items
}

// find reads the releases, and finds the values for the selected ones.
func (o patchHelmOptions) find(ctx context.Context) (helmReleases, error) {
	registries, err := newRegistries(o.registry, o.streams.ErrOut)
	if err != nil {
		return helmReleases{}, err
	}
	reader, err := newChartReader(o.charts, registries, false)
	if err != nil {
		return helmReleases{}, err
	}
	defer reader.close()
	inst, err := o.installation.read(ctx, []kkp.Part{kkp.PartReleases, kkp.PartAPI})
	if err != nil {
		return helmReleases{}, err
	}
	addPullSecrets(registries, inst, o.streams.ErrOut)
	found := helmReleases{registries: registries, gaps: installed.Unread(inst)}
	meant, err := installed.Choose(installed.Releases(inst), o.names)
	if err != nil {
		return found, option.Usage(err)
	}
	finder := installed.Finder{
		Renderer: reader.renderer, Target: o.target,
		Complete: func(ctx context.Context, c *chart.Chart, values map[string]any) (*chart.Chart, error) {
			return reader.renderer.Completed(ctx, reader.puller, c, values)
		},
		Sources: []installed.Candidates{
			{Charts: func() ([]chart.Candidate, error) { return localCharts(reader.found, o.charts.Directory), nil }},
			{Name: "KKP's own", Charts: sync.OnceValues(func() ([]chart.Candidate, error) { return ownCharts(ctx, registries, inst) })},
		},
	}
	for _, r := range finder.FindAll(ctx, meant) {
		if r.Err != nil {
			found.gaps = append(found.gaps, r.Gap())
			continue
		}
		found.releases = append(found.releases, r)
	}
	return found, ctx.Err()
}

// localCharts are the charts in --charts-directory, with their paths here.
func localCharts(found []chart.Candidate, directory string) []chart.Candidate {
	var local []chart.Candidate
	for _, c := range found {
		c.Path = filepath.Join(directory, filepath.FromSlash(c.Path))
		local = append(local, c)
	}
	return local
}

// ownCharts reads the charts in KKP's own image. They have no path here.
func ownCharts(ctx context.Context, registries *transfer.Registries, inst kkp.Installation) ([]chart.Candidate, error) {
	image, known := installed.ChartsImage(inst)
	if !known {
		return nil, nil
	}
	files, _, err := fetch.NewReader(registries.Client).Files(ctx, image, bundledCharts, func(string) bool { return true })
	if err != nil {
		return nil, fmt.Errorf("KKP's own charts in %s: %w", image, err)
	}
	own := chart.InFiles(files)
	for i := range own {
		own[i].Path = ""
	}
	return own, nil
}
