package discover

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/catalog"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/manifest"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/kkp"
)

// fakeCharts renders a chart to what a function says.
type fakeCharts struct {
	installed map[string]Rendered
	local     []Chart
	bundled   images.Ref
}

func (c *fakeCharts) Installed(_ context.Context, release kkp.HelmRelease, _ kkp.API, _ bool) (Rendered, error) {
	rendered, ok := c.installed[release.ID()]
	if !ok {
		return rendered, errors.New("it does not render")
	}
	return rendered, nil
}

func (c *fakeCharts) Local() []Chart { return c.local }

func (c *fakeCharts) Bundled(_ context.Context, image images.Ref) ([]Chart, error) {
	c.bundled = image
	return c.local, nil
}

func (c *fakeCharts) Pull(context.Context, kkp.ChartSource) (Chart, error) {
	return Chart{}, errors.New("it is gone")
}

func hits(references ...string) []manifest.Hit {
	var found []manifest.Hit
	for _, reference := range references {
		found = append(found, manifest.Hit{Reference: reference, Object: "Deployment d", Path: "spec"})
	}
	return found
}

func reasons(inv images.Inventory) []string {
	var lines []string
	for _, img := range inv.Images {
		for _, reason := range img.Reasons {
			lines = append(lines, img.Ref.String()+" "+reason.String())
		}
	}
	return lines
}

func subjects(gaps []images.Gap) string {
	var lines []string
	for _, gap := range gaps {
		lines = append(lines, gap.String())
	}
	return strings.Join(lines, "\n")
}

func TestCharts(t *testing.T) {
	inst := installation("1.34.9", "aws")
	inst.Version = "v2.31.0"
	inst.Releases = []kkp.HelmRelease{
		{Namespace: "dex", Name: "dex", ChartName: "dex", ChartVersion: "9"},
		{Namespace: "dex", Name: "broken", ChartName: "dex", ChartVersion: "9"},
	}
	inst.Seeds[0].Releases = []kkp.HelmRelease{{Namespace: "minio", Name: "minio", ChartName: "minio", ChartVersion: "8"}}
	inst.Unread = []kkp.Unread{{Part: kkp.PartReleases, Subject: "Helm releases in namespace mla on master", Err: errors.New("forbidden")}}
	charts := &fakeCharts{
		installed: map[string]Rendered{
			"dex/dex": {Hits: append(hits("ghcr.io/dexidp/dex:v2", "bad reference"), manifest.Hit{Reference: "ghcr.io/dexidp/dex:v2", Object: "Job j"})},
			"minio/minio": {
				Hits: hits("quay.io/minio/minio:1"), Removed: []string{"image.repository (reg.corp/minio)"},
				Unexplained: hits("reg.corp/sidecar:1"),
			},
		},
		local: []Chart{
			{Path: "iap", Name: "iap", Version: "7", Render: func(_ context.Context, how RenderOptions) (Rendered, error) {
				return Rendered{Hits: hits("quay.io/iap:" + how.API.Kubernetes)}, nil
			}},
			{Path: "bad", Name: "bad", Err: errors.New("no chart")},
		},
	}
	got := Inventory(t.Context(), inst, release(t, "v2.31.0", catalog.EE), upstream(Options{Sources: []string{Charts}, Charts: charts}))
	want := []string{
		"ghcr.io/dexidp/dex:v2 charts: dex on master (chart dex 9, Deployment d and 1 more)",
		"quay.io/iap:v" + release(t, "v2.31.0", catalog.EE).DefaultKubernetes() + " charts: iap (chart iap 7, Deployment d)",
		"quay.io/minio/minio:1 charts: minio on Seed aws-seed (chart minio 8, Deployment d)",
	}
	if diff := cmp.Diff(want, reasons(got.Inventory)); diff != "" {
		t.Error(diff)
	}
	gaps := subjects(got.Gaps)
	for _, part := range []string{
		"charts: Helm release dex/broken on master: it does not render", "charts: Helm release dex/dex on master: Deployment d, spec: image reference",
		"charts: Helm release minio/minio on Seed aws-seed: reg.corp/sidecar:1", "namespace mla on master: forbidden", "charts: chart bad: no chart",
	} {
		if !strings.Contains(gaps, part) {
			t.Errorf("%q is missing in\n%s", part, gaps)
		}
	}
	if len(got.Gaps) != 5 || len(got.Notes) != 1 || !strings.Contains(got.Notes[0], "minio/minio on Seed aws-seed: the list has upstream names in place of the names that the values set: image.repository (reg.corp/minio)") {
		t.Error(got.Notes, gaps)
	}
}

func TestBundledChartsAreAskedFor(t *testing.T) {
	charts := &fakeCharts{local: []Chart{{Path: "c", Name: "c", Render: func(context.Context, RenderOptions) (Rendered, error) { return Rendered{Hits: hits("a/b:1")}, nil }}}}
	inst := installation("1.34.9", "aws")
	rel := release(t, "v2.31.0", catalog.EE)
	Inventory(t.Context(), inst, rel, upstream(Options{Charts: charts}))
	if !charts.bundled.IsZero() {
		t.Error("they are off")
	}
	got := Inventory(t.Context(), inst, rel, upstream(Options{Sources: []string{BundledCharts}, Charts: charts}))
	if charts.bundled.String() != "quay.io/kubermatic/kubermatic-ee:v2.31.0" || len(got.Images) != 1 || got.Images[0].Reasons[0].Source != BundledCharts {
		t.Errorf("%s, %v", charts.bundled, got.Images)
	}
}

func TestAutoscalerVersions(t *testing.T) {
	for _, version := range catalog.Supported() {
		for _, kubernetes := range release(t, version, catalog.CE).Kubernetes() {
			if autoscalerVersion(version, minorOf(kubernetes)) == "" {
				t.Errorf("%s: Kubernetes %s has no cluster-autoscaler", version, kubernetes)
			}
		}
	}
}
