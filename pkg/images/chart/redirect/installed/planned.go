package installed

import (
	"context"
	"fmt"
	"path"
	"runtime"
	"slices"
	"strings"

	"golang.org/x/sync/errgroup"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/chart"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/kkp"
)

// Planned is a chart that is to be installed, with the values that redirect its release.
type Planned struct {
	Redirected
	At string // path of the chart among the others: "monitoring/prometheus"
}

// Gap returns the error as a gap.
func (p Planned) Gap() images.Gap {
	return images.Gap{Source: "charts", Subject: "Helm chart " + p.At, Error: p.Err.Error()}
}

// Plan finds the values for charts that are not installed. It assumes the release that
// kubermatic-installer would install: with the name of the chart and the user's values. The rendered
// chart is used in place of installed manifests. The results are in the order of the charts.
func (f Finder) Plan(ctx context.Context, charts []chart.Candidate, values map[string]any) []Planned {
	found := make([]Planned, len(charts))
	var group errgroup.Group
	group.SetLimit(runtime.GOMAXPROCS(0))
	for i, c := range charts {
		group.Go(func() error {
			found[i] = f.plan(ctx, c, values)
			return nil
		})
	}
	_ = group.Wait() // the functions return nil: what fails is in the results
	return found
}

func (f Finder) plan(ctx context.Context, c chart.Candidate, values map[string]any) Planned {
	planned := Planned{At: c.Path}
	if planned.Err = c.Err; c.Err != nil {
		return planned
	}
	r := ClusterRelease{HelmRelease: kkp.HelmRelease{
		Name: c.Chart.Name, Namespace: namespaceOf(c.Path, c.Chart.Name), ChartName: c.Chart.Name, ChartVersion: c.Chart.Version, Config: values,
	}}
	whole, lacking := f.Complete(ctx, c.Chart, values)
	texts, err := f.Renderer.Texts(ctx, whole, values, chart.ReleaseOptions{Release: r.Name, Namespace: r.Namespace})
	if err == nil {
		r.Manifest = joined(texts)
		planned.Redirected, err = f.try(ctx, r, whole, c.Path)
	}
	switch {
	case err != nil && lacking != nil:
		planned.Err = lacking // the reason why the chart is not complete
	case err != nil:
		planned.Err = fmt.Errorf("%w; pass the values that the chart needs with --helm-values", err)
	}
	planned.ClusterRelease = r
	return planned
}

// joined joins the rendered templates of a chart.
func joined(texts map[string]string) string {
	names := make([]string, 0, len(texts))
	for name := range texts {
		names = append(names, name)
	}
	slices.Sort(names)
	var all strings.Builder
	for _, name := range names {
		all.WriteString("---\n" + texts[name] + "\n")
	}
	return all.String()
}

// namespaceOf returns the namespace in which kubermatic-installer installs a chart of KKP (kubermatic
// pkg/install/stack, v2.31.0). It has the name of the directory or of the chart.
func namespaceOf(at, name string) string {
	switch name {
	case "kubermatic-operator":
		return "kubermatic"
	case "telemetry":
		return "telemetry-system"
	case "s3-exporter":
		return "kube-system"
	}
	switch directory := path.Base(path.Dir(strings.ReplaceAll(at, `\`, "/"))); directory {
	case "monitoring", "logging", "mla":
		return directory
	}
	return name
}

// NotInstalled returns the charts with one of the names; without names, all charts. A name without
// a chart is an error.
func NotInstalled(charts []chart.Candidate, names []string) ([]chart.Candidate, error) {
	if len(names) == 0 {
		return charts, nil
	}
	var kept []chart.Candidate
	for _, name := range names {
		before := len(kept)
		for _, c := range charts {
			if c.Chart != nil && c.Chart.Name == name {
				kept = append(kept, c)
			}
		}
		if len(kept) == before {
			return nil, fmt.Errorf("there is no chart %q", name)
		}
	}
	return kept, nil
}
