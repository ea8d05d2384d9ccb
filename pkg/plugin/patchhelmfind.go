package plugin

import (
	"cmp"
	"context"
	"fmt"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"

	"github.com/spf13/cobra"
	"golang.org/x/sync/errgroup"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/chart"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/chart/redirect"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/fetch"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/transfer"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/kkp"
)

// helmRelease is an installed release with what redirects it.
type helmRelease struct {
	kkp.Release
	api  kkp.API
	seed *kkp.Seed // nil: it is on the master

	chart *chart.Chart // that it was rendered with
	path  string       // of the chart, if it is a local one
	redirect.Redirection
	err error
}

// cluster is "master", or the name of the Seed.
func (r helmRelease) cluster() string {
	if r.seed == nil {
		return "master"
	}
	return r.seed.Name
}

// helmReleases are the releases of an installation.
type helmReleases struct {
	releases   []helmRelease
	gaps       []images.Gap
	registries *transfer.Registries
}

// items are the releases as they are documented.
func (f helmReleases) items() []redirect.Item {
	var items []redirect.Item
	for _, r := range f.releases {
		items = append(items, redirect.Item{
			Release: r.Name, Namespace: r.Namespace, Cluster: r.cluster(), Revision: r.Revision, Chart: r.ChartName, Version: r.ChartVersion,
			Values: r.Values, Keys: append([]string{}, r.Keys...), Lists: r.Lists, Images: append([]redirect.Image{}, r.Images...), Derived: r.Derived,
		})
	}
	return items
}

// find reads the releases, and finds the values for those that are meant.
func (c *patchHelmCommand) find(ctx context.Context, cmd *cobra.Command, target images.Target, names []string) (helmReleases, error) {
	c.registries.throughMirror(target)
	registries, err := c.registries.registries(cmd, target)
	if err != nil {
		return helmReleases{}, err
	}
	reader, err := c.charts.reader(cmd, registries, false)
	if err != nil {
		return helmReleases{}, err
	}
	defer reader.close()
	inst, err := c.input.installation(ctx, c.streams, []kkp.Part{kkp.PartReleases, kkp.PartAPI})
	if err != nil {
		return helmReleases{}, err
	}
	addPullSecrets(registries, inst, c.streams.ErrOut)
	found := helmReleases{registries: registries}
	for _, unread := range inst.Unread {
		if unread.Part == kkp.PartReleases || unread.Part == kkp.PartSeeds {
			found.gaps = append(found.gaps, images.Gap{Source: "charts", Subject: unread.Subject, Error: unread.Err.Error()})
		}
	}
	meant, err := chosenReleases(installedReleases(inst), names)
	if err != nil {
		return found, usageError(cmd, err)
	}
	finder := &valuesFinder{reader: reader, directory: c.charts.directory, target: target, kkp: kkpImage(inst)}
	finder.findAll(ctx, meant)
	for _, r := range meant {
		if r.err != nil {
			found.gaps = append(found.gaps, images.Gap{Source: "charts", Subject: "Helm release " + r.ID() + " on " + r.cluster(), Error: r.err.Error()})
			continue
		}
		found.releases = append(found.releases, r)
	}
	return found, ctx.Err()
}

// installedReleases are the releases on the master, and then those on the Seeds.
func installedReleases(inst kkp.Installation) []helmRelease {
	var all []helmRelease
	for _, r := range inst.Releases {
		all = append(all, helmRelease{Release: r, api: inst.API})
	}
	for i := range inst.Seeds {
		seed := &inst.Seeds[i]
		for _, r := range seed.Releases {
			all = append(all, helmRelease{Release: r, api: seed.API, seed: seed})
		}
	}
	return all
}

// chosenReleases keeps those that are named. A name that means none is an error.
func chosenReleases(all []helmRelease, names []string) ([]helmRelease, error) {
	if len(names) == 0 {
		return all, nil
	}
	means := func(name string, r helmRelease) bool { return name == r.Name || name == r.ID() }
	for _, name := range names {
		if !slices.ContainsFunc(all, func(r helmRelease) bool { return means(name, r) }) {
			var known []string
			for _, r := range all {
				known = append(known, r.ID())
			}
			slices.Sort(known)
			return nil, fmt.Errorf("there is no Helm release %q; KKP has %s", name, cmp.Or(strings.Join(slices.Compact(known), ", "), "none"))
		}
	}
	return slices.DeleteFunc(all, func(r helmRelease) bool {
		return !slices.ContainsFunc(names, func(name string) bool { return means(name, r) })
	}), nil
}

// kkpImage is the image that has KKP's charts in it.
func kkpImage(inst kkp.Installation) images.Ref {
	ref := images.Ref{Registry: "quay.io", Repository: "kubermatic/kubermatic", Tag: inst.Version}
	if strings.EqualFold(inst.Edition, "ee") {
		ref.Repository += "-ee"
	}
	return ref
}

// valuesFinder finds the values for releases. KKP's own charts are read only when a release
// needs them, and once.
type valuesFinder struct {
	reader    *chartReader
	directory string
	target    images.Target
	kkp       images.Ref

	once    sync.Once
	bundled []chart.Found
	refused error
}

// findAll finds the values for releases, as many at once as there are processors.
func (f *valuesFinder) findAll(ctx context.Context, releases []helmRelease) {
	var group errgroup.Group
	group.SetLimit(runtime.GOMAXPROCS(0))
	for i := range releases {
		group.Go(func() error {
			f.find(ctx, &releases[i])
			return nil
		})
	}
	_ = group.Wait() // the functions return nil: what fails is in the releases
}

// find tries the chart that is stored with the release, then those at hand that have its
// name and version, then KKP's own.
func (f *valuesFinder) find(ctx context.Context, r *helmRelease) {
	stored, err := chart.FromRelease(r.Chart)
	if err == nil {
		err = f.try(ctx, r, stored, "")
	}
	if err == nil {
		return
	}
	failures := []string{"the chart that is stored with it: " + err.Error()}
	for _, source := range []func(context.Context) ([]chart.Found, error){f.local, f.ofKKP} {
		found, err := source(ctx)
		if err != nil {
			failures = append(failures, err.Error())
		}
		for _, copied := range found {
			if copied.Chart == nil || copied.Chart.Name != r.ChartName || copied.Chart.Version != r.ChartVersion {
				continue
			}
			whole, lacking := f.reader.renderer.Completed(ctx, f.reader.puller, copied.Chart, r.Config)
			err := f.try(ctx, r, whole, copied.Path)
			if err == nil {
				return
			}
			failures = append(failures, fmt.Sprintf("%s: %v", cmp.Or(copied.Path, "KKP's own"), cmp.Or(lacking, err)))
		}
	}
	r.err = fmt.Errorf("%s; pass --charts-directory with the whole chart %s %s", strings.Join(failures, "; "), r.ChartName, r.ChartVersion)
}

// try finds the values with one chart.
func (f *valuesFinder) try(ctx context.Context, r *helmRelease, c *chart.Chart, path string) error {
	found, err := redirect.Find(ctx, f.reader.renderer, c, redirect.Release{
		Target: chart.Target{Release: r.Name, Namespace: r.Namespace, Kubernetes: r.api.Kubernetes, APIs: r.api.Versions, Revision: r.Revision},
		Config: r.Config, Manifests: append([]string{r.Manifest}, r.Hooks...),
	}, f.target)
	if err == nil {
		r.chart, r.path, r.Redirection = c, path, found
	}
	return err
}

// local are the charts in --charts-directory.
func (f *valuesFinder) local(context.Context) ([]chart.Found, error) {
	var found []chart.Found
	for _, c := range f.reader.found {
		c.Path = filepath.Join(f.directory, filepath.FromSlash(c.Path))
		found = append(found, c)
	}
	return found, nil
}

// ofKKP are the charts in KKP's own image.
func (f *valuesFinder) ofKKP(ctx context.Context) ([]chart.Found, error) {
	f.once.Do(func() {
		if f.kkp.Tag == "" {
			return
		}
		files, _, err := fetch.NewReader(f.reader.images.Client).Files(ctx, f.kkp, bundledCharts, func(string) bool { return true })
		if err != nil {
			f.refused = fmt.Errorf("KKP's own charts in %s: %w", f.kkp, err)
			return
		}
		for _, c := range chart.InFiles(files) {
			c.Path = "" // there is no such path here
			f.bundled = append(f.bundled, c)
		}
	})
	return f.bundled, f.refused
}
