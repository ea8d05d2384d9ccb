package installed

import (
	"cmp"
	"context"
	"fmt"
	"runtime"
	"strings"

	"golang.org/x/sync/errgroup"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/chart"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/chart/redirect"
)

// Redirected is a release with the values that redirect its images, or with the error.
type Redirected struct {
	ClusterRelease
	redirect.Redirection
	Chart *chart.Chart // the chart of the release
	Path  string       // path of the chart, "" if the chart is not a local file
	Err   error        // no chart renders to the installed manifests; the other fields are empty
}

// Gap returns the error as a gap.
func (r Redirected) Gap() images.Gap {
	return images.Gap{Source: "charts", Subject: "Helm release " + r.ID() + " on " + images.ClusterName(r.Cluster()), Error: r.Err.Error()}
}

// Item returns the release as an item of the document.
func (r Redirected) Item() redirect.Item {
	return redirect.Item{
		Release: r.Name, Namespace: r.Namespace, Cluster: r.Cluster(), Revision: r.Revision, Chart: r.ChartName, Version: r.ChartVersion,
		Values: r.Values, Keys: append([]string{}, r.Keys...), Lists: r.Lists, Images: append([]redirect.ImageReference{}, r.Images...), Derived: r.Derived,
	}
}

// Candidates are charts from one place.
type Candidates struct {
	Name   string // name of the place, for charts without a path
	Charts func() ([]chart.Candidate, error)
}

// Finder finds the values for releases.
type Finder struct {
	Renderer redirect.Renderer
	// Complete returns a chart with its missing subcharts. The error names the subcharts that
	// could not be pulled; the chart returned with an error has the others.
	Complete func(ctx context.Context, c *chart.Chart, values map[string]any) (*chart.Chart, error)
	Target   images.Target
	Sources  []Candidates // in the order of the search
}

// FindAll finds the values for releases, one release per processor at a time. The results are in
// the order of the releases.
func (f Finder) FindAll(ctx context.Context, releases []ClusterRelease) []Redirected {
	found := make([]Redirected, len(releases))
	var group errgroup.Group
	group.SetLimit(runtime.GOMAXPROCS(0))
	for i, r := range releases {
		group.Go(func() error {
			found[i] = f.Find(ctx, r)
			return nil
		})
	}
	_ = group.Wait() // the functions return nil: what fails is in the results
	return found
}

// Find finds the values for a release. It tries the chart that is stored with the release, and
// then the charts of the sources with the same name and version, until a chart renders to the
// installed manifests.
func (f Finder) Find(ctx context.Context, r ClusterRelease) Redirected {
	stored, err := chart.FromRelease(r.Chart)
	if err == nil {
		var found Redirected
		if found, err = f.try(ctx, r, stored, ""); err == nil {
			return found
		}
	}
	failures := []string{"the chart stored with the release: " + err.Error()}
	for _, source := range f.Sources {
		charts, err := source.Charts()
		if err != nil {
			failures = append(failures, err.Error())
		}
		for _, c := range charts {
			if c.Chart == nil || c.Chart.Name != r.ChartName || c.Chart.Version != r.ChartVersion {
				continue
			}
			whole, lacking := f.Complete(ctx, c.Chart, r.Config)
			found, err := f.try(ctx, r, whole, c.Path)
			if err == nil {
				return found
			}
			failures = append(failures, fmt.Sprintf("%s: %v", cmp.Or(c.Path, source.Name), cmp.Or(lacking, err)))
		}
	}
	return Redirected{ClusterRelease: r, Err: fmt.Errorf("%s; pass the complete chart %s %s with --charts-directory",
		strings.Join(failures, "; "), r.ChartName, r.ChartVersion)}
}

// try finds the values with one chart.
func (f Finder) try(ctx context.Context, r ClusterRelease, c *chart.Chart, path string) (Redirected, error) {
	found, err := redirect.Find(ctx, f.Renderer, c, chart.InstalledRelease{
		ReleaseOptions: chart.ReleaseOptions{Release: r.Name, Namespace: r.Namespace, Kubernetes: r.API.Kubernetes, APIs: r.API.Versions, Revision: r.Revision},
		Config:         r.Config, Manifests: append([]string{r.Manifest}, r.Hooks...),
	}, f.Target)
	return Redirected{ClusterRelease: r, Redirection: found, Chart: c, Path: path}, err
}
