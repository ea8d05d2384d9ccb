package plugin

import (
	"cmp"
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
	reader, err := newChartReader(o.charts, registries, o.planned)
	if err != nil {
		return helmReleases{}, err
	}
	defer reader.close()
	if o.planned {
		return o.plan(ctx, registries, reader)
	}
	inst, err := o.installation.read(ctx, []kkp.Part{kkp.PartReleases, kkp.PartAPI})
	if err != nil {
		return helmReleases{}, err
	}
	addPullSecrets(registries, inst, o.streams.ErrOut)
	meant, err := installed.Choose(installed.Releases(inst), o.names)
	if err != nil {
		return helmReleases{}, option.Usage(err)
	}
	return o.findInstalled(ctx, registries, reader, inst, meant)
}

// findInstalled finds the values for releases of an installation.
func (o patchHelmOptions) findInstalled(ctx context.Context, registries *transfer.Registries, reader *chartReader, inst kkp.Installation, meant []installed.ClusterRelease) (helmReleases, error) {
	found := helmReleases{registries: registries, gaps: installed.Unread(inst)}
	finder := o.finder(reader)
	finder.Sources = []installed.Candidates{
		{Charts: func() ([]chart.Candidate, error) { return localCharts(reader.found, o.charts.Directory), nil }},
		{Name: "KKP's own", Charts: sync.OnceValues(func() ([]chart.Candidate, error) {
			own, err := ownCharts(ctx, registries, inst)
			for i := range own {
				own[i].Path = "" // which is in the image
			}
			return own, err
		})},
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

// finder finds the values for releases.
func (o patchHelmOptions) finder(reader *chartReader) installed.Finder {
	return installed.Finder{
		Renderer: reader.renderer, Target: o.target,
		Complete: func(ctx context.Context, c *chart.Chart, values map[string]any) (*chart.Chart, error) {
			return reader.renderer.Completed(ctx, reader.puller, c, values)
		},
	}
}

// plan finds the values for charts that are not installed: those of --charts-directory, or those
// in the image of the planned release in the mirror.
func (o patchHelmOptions) plan(ctx context.Context, registries *transfer.Registries, reader *chartReader) (helmReleases, error) {
	charts := reader.found
	if o.charts.Directory == "" {
		inst, err := o.plannedRelease(ctx)
		if err != nil {
			return helmReleases{}, err
		}
		if charts, err = ownCharts(ctx, registries, inst); err != nil {
			return helmReleases{}, err
		}
	}
	meant, err := installed.NotInstalled(charts, o.names)
	if err != nil {
		return helmReleases{}, option.Usage(err)
	}
	found := helmReleases{registries: registries}
	for _, c := range o.finder(reader).Plan(ctx, meant, reader.values) {
		switch {
		case c.Err != nil:
			found.gaps = append(found.gaps, c.Gap())
		case len(c.Images) > 0: // others have nothing to redirect
			c.Path = ""
			if o.charts.Directory != "" {
				c.Path = filepath.Join(o.charts.Directory, filepath.FromSlash(c.At))
			}
			found.releases = append(found.releases, c.Redirected)
		}
	}
	return found, ctx.Err()
}

// plannedRelease is the installation that is planned, as far as flags and files tell.
func (o patchHelmOptions) plannedRelease(ctx context.Context) (kkp.Installation, error) {
	inst := kkp.Installation{}
	if len(o.installation.Files) > 0 {
		var err error
		if inst, err = o.installation.read(ctx, nil); err != nil {
			return inst, err
		}
	}
	release, err := o.installation.release(cmp.Or(o.installation.KKPVersion, inst.Version), cmp.Or(o.installation.Edition, inst.Edition), false)
	if err != nil {
		return inst, err
	}
	return kkp.Installation{Version: release.Version(), Edition: string(release.Edition())}, nil
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

// ownCharts reads the charts in KKP's own image.
func ownCharts(ctx context.Context, registries *transfer.Registries, inst kkp.Installation) ([]chart.Candidate, error) {
	image, known := installed.ChartsImage(inst)
	if !known {
		return nil, nil
	}
	files, _, err := fetch.NewReader(registries.Client).Files(ctx, image, bundledCharts, func(string) bool { return true })
	if err != nil {
		return nil, fmt.Errorf("KKP's own charts in %s: %w", image, err)
	}
	return chart.InFiles(files), nil
}
