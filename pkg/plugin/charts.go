package plugin

import (
	"context"
	"errors"
	"io"
	"log"
	"maps"
	"os"
	"path/filepath"
	"slices"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/chart"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/discover"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/discover/addon"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/discover/appvalues"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/fetch"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/transfer"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/kkp"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/plugin/option"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/worker"
)

// bundledCharts is the directory with KKP's charts in its image (kubermatic Dockerfile,
// v2.31.0: KUBERMATIC_CHARTS_DIRECTORY).
const bundledCharts = "opt/charts"

// newChartReader returns a reader that reads and renders charts. bundled means that the charts in
// KKP's image are read too.
func newChartReader(o option.Charts, registries *transfer.Registries, bundled bool) (*chartReader, error) {
	if len(o.Values) > 0 && o.Directory == "" && !bundled {
		return nil, option.Usagef("--helm-values applies to the charts in --charts-directory or in KKP's image, and neither is selected; " +
			"installed releases keep their own values")
	}
	log.SetOutput(io.Discard) //nolint:forbidigo // Helm logs warnings about charts that users cannot change
	workers, err := newWorkers()
	if err != nil {
		return nil, err
	}
	reader := &chartReader{
		images:   registries,
		workers:  workers,
		renderer: &chart.Renderer{Workers: workers},
		puller:   &chart.Puller{Registry: chartRegistry{registries}, Client: registries.HTTPClient(), CacheDir: chartCache()},
	}
	for _, file := range o.Values {
		values, err := readValues(file)
		if err != nil {
			return nil, option.Usagef("--helm-values %s: %w", file, err)
		}
		reader.values = chart.Merge(reader.values, values)
	}
	if o.Directory == "" {
		return reader, nil
	}
	if reader.found, err = chart.InDirectory(o.Directory); err != nil {
		return nil, option.Usagef("--charts-directory: %w", err)
	}
	if len(reader.found) == 0 {
		return nil, option.Usagef("--charts-directory %s: the directory has no Helm chart", o.Directory)
	}
	return reader, nil
}

// readValues reads a file with Helm values.
func readValues(path string) (map[string]any, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	return chart.ReadValues(file)
}

// chartCache returns the directory for pulled charts, "" for a user without a cache directory.
func chartCache() string {
	dir, err := os.UserCacheDir()
	if err != nil {
		return ""
	}
	return filepath.Join(dir, "kubectl-kkp_mirror", "charts")
}

// chartRegistry gets charts from registries.
type chartRegistry struct {
	*transfer.Registries
}

// Chart implements chart.Registry.
func (r chartRegistry) Chart(ctx context.Context, ref images.Ref, how chart.Access) ([]byte, error) {
	return fetch.NewReader(r.Client).Chart(ctx, ref, transfer.Access(how))
}

// Unreachable implements chart.Registry.
func (r chartRegistry) Unreachable(err error) bool {
	return transfer.Classify(err) == images.ClassNetwork
}

// Reach implements chart.Registry.
func (r chartRegistry) Reach(host string) chart.Reach {
	switch {
	case r.IsLocal(host):
		return chart.Local
	case r.MayBeUnverified(host):
		return chart.Unverified
	default:
		return chart.Verified
	}
}

// chartReader reads and renders charts for discovery.
type chartReader struct {
	images   *transfer.Registries
	workers  *worker.Pool
	renderer *chart.Renderer
	puller   *chart.Puller
	found    []chart.Candidate
	values   map[string]any
}

// close ends the processes that render charts.
func (r *chartReader) close() { r.workers.Close() }

// applicationValues renders the default values of an application.
func (r *chartReader) applicationValues(ctx context.Context, q appvalues.Request) (map[string]any, error) {
	return valuesJob().Run(ctx, r.workers, q)
}

// addon renders an addon.
func (r *chartReader) addon(ctx context.Context, q addon.Request) (addon.Reply, error) {
	return addonJob().Run(ctx, r.workers, q)
}

// Installed implements discover.ChartReader.
func (r *chartReader) Installed(ctx context.Context, release kkp.HelmRelease, api kkp.API, keepOverrides bool) (discover.Rendered, error) {
	result, err := r.renderer.Installed(ctx, chart.InstalledRelease{
		ReleaseOptions: chart.ReleaseOptions{Release: release.Name, Namespace: release.Namespace, Kubernetes: api.Kubernetes, APIs: api.Versions},
		Stored:         release.Chart, Config: release.Config, Manifests: append([]string{release.Manifest}, release.Hooks...),
	}, r.copyOf, keepOverrides)
	return rendered(result), err
}

// copyOf returns the chart in --charts-directory with this name and version, or nil.
func (r *chartReader) copyOf(name, version string) *chart.Chart {
	for _, found := range r.found {
		if found.Chart != nil && found.Chart.Name == name && found.Chart.Version == version {
			return found.Chart
		}
	}
	return nil
}

// Local implements discover.ChartReader.
func (r *chartReader) Local() []discover.Chart { return r.charts(r.found, r.values) }

// installedCharts reads charts, except the charts in --charts-directory, which belong to a planned
// release.
type installedCharts struct{ *chartReader }

// Local implements discover.ChartReader.
func (installedCharts) Local() []discover.Chart { return nil }

// charts returns charts for discovery. Missing subcharts are pulled before a chart is rendered.
func (r *chartReader) charts(found []chart.Candidate, values map[string]any) []discover.Chart {
	var charts []discover.Chart
	for _, f := range found {
		if f.Err != nil {
			charts = append(charts, discover.Chart{Path: f.Path, Name: filepath.Base(f.Path), Err: f.Err})
			continue
		}
		c := f.Chart
		charts = append(charts, discover.Chart{
			Path: f.Path, Name: c.Name, Version: c.Version,
			Render: func(ctx context.Context, how discover.RenderOptions) (discover.Rendered, error) {
				if how.Release != nil {
					return r.render(ctx, c, how.Release.Config, how)
				}
				return r.render(ctx, c, chart.Merge(values, how.Values), how)
			},
		})
	}
	return charts
}

// Bundled implements discover.ChartReader.
func (r *chartReader) Bundled(ctx context.Context, image images.Ref) ([]discover.Chart, error) {
	files, refused, err := fetch.NewReader(r.images.Client).Files(ctx, image, bundledCharts, func(string) bool { return true })
	if err != nil {
		return nil, err
	}
	charts := r.charts(chart.InFiles(files), r.values)
	for _, name := range slices.Sorted(maps.Keys(refused)) {
		charts = append(charts, discover.Chart{Path: name, Name: name, Err: refused[name]})
	}
	if len(charts) == 0 {
		return nil, errors.New("the image has no Helm chart in /" + bundledCharts)
	}
	return charts, nil
}

// Pull implements discover.ChartReader.
func (r *chartReader) Pull(ctx context.Context, source kkp.ChartSource) (discover.Chart, error) {
	pulled, err := r.puller.Pull(ctx, chart.Source{URL: source.URL, Name: source.Name, Version: source.Version, Access: chart.Access{
		Username: source.Credentials.Username, Password: source.Credentials.Password, Config: source.Credentials.RegistryConfig,
		Insecure: source.Insecure, PlainHTTP: source.PlainHTTP,
	}})
	if err != nil {
		return discover.Chart{}, err
	}
	return r.charts([]chart.Candidate{{Path: source.Name, Chart: pulled}}, nil)[0], nil
}

// render renders a chart with its subcharts. If a subchart cannot be pulled, its images are
// missing from the result, and render returns an error.
func (r *chartReader) render(ctx context.Context, c *chart.Chart, values map[string]any, how discover.RenderOptions) (discover.Rendered, error) {
	whole, lacking := r.renderer.Completed(ctx, r.puller, c, values)
	target := chart.ReleaseOptions{Release: c.Name, Namespace: "default", Kubernetes: how.API.Kubernetes, APIs: how.API.Versions}
	if how.Release != nil {
		target.Release, target.Namespace = how.Release.Name, how.Release.Namespace
	}
	result, err := r.renderer.Render(ctx, whole, values, how.KeepOverrides, target)
	var missing *chart.MissingError
	if lacking != nil && errors.As(err, &missing) {
		err = lacking // this error has the reason
	}
	return rendered(result), err
}

// rendered converts a result for discovery.
func rendered(result chart.Result) discover.Rendered {
	rendered := discover.Rendered{Hits: result.Hits, Unexplained: result.Unexplained}
	for _, override := range result.Removed {
		rendered.Removed = append(rendered.Removed, override.String())
	}
	return rendered
}
