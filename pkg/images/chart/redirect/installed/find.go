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

// Redirected is a release with the values that redirect it, or with why there are none.
type Redirected struct {
	ClusterRelease
	redirect.Redirection
	Chart *chart.Chart // that it was rendered with
	Path  string       // of the chart, if it was read from a local one
	Err   error        // if no chart gave what is installed; then the rest is empty
}

// Gap is the release as one that nothing is known of.
func (r Redirected) Gap() images.Gap {
	return images.Gap{Source: "charts", Subject: "Helm release " + r.ID() + " on " + r.Cluster(), Error: r.Err.Error()}
}

// Item is the release as it is documented.
func (r Redirected) Item() redirect.Item {
	return redirect.Item{
		Release: r.Name, Namespace: r.Namespace, Cluster: r.Cluster(), Revision: r.Revision, Chart: r.ChartName, Version: r.ChartVersion,
		Values: r.Values, Keys: append([]string{}, r.Keys...), Lists: r.Lists, Images: append([]redirect.ImageReference{}, r.Images...), Derived: r.Derived,
	}
}

// Candidates is a place where charts are at hand.
type Candidates struct {
	Name   string // for charts without a path
	Charts func() ([]chart.Candidate, error)
}

// Finder finds the values for releases.
type Finder struct {
	Renderer redirect.Renderer
	// Complete returns a chart with the subcharts that it lacks. The error names those that
	// could not be had; the chart that comes with it has the others.
	Complete func(ctx context.Context, c *chart.Chart, values map[string]any) (*chart.Chart, error)
	Target   images.Target
	Sources  []Candidates // in the order in which they are tried
}

// FindAll finds the values for releases, as many at once as there are processors. The results
// are in the order of the releases.
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

// Find tries the chart that is stored with the release, and then those of the sources that
// have its name and version, until one renders to what is installed.
func (f Finder) Find(ctx context.Context, r ClusterRelease) Redirected {
	stored, err := chart.FromRelease(r.Chart)
	if err == nil {
		var found Redirected
		if found, err = f.try(ctx, r, stored, ""); err == nil {
			return found
		}
	}
	failures := []string{"the chart that is stored with it: " + err.Error()}
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
	return Redirected{ClusterRelease: r, Err: fmt.Errorf("%s; pass --charts-directory with the whole chart %s %s",
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
