package discover

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

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
	render    func(kkp.ChartSource, Rendering) (Rendered, error)
}

func (c *fakeCharts) Installed(_ context.Context, release kkp.Release, _ kkp.API, _ bool) (Rendered, error) {
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

func (c *fakeCharts) Pull(_ context.Context, source kkp.ChartSource) (Chart, error) {
	if source.Name == "gone" {
		return Chart{}, errors.New("it is gone")
	}
	return Chart{Render: func(_ context.Context, how Rendering) (Rendered, error) { return c.render(source, how) }}, nil
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
	inst.Releases = []kkp.Release{
		{Namespace: "dex", Name: "dex", ChartName: "dex", ChartVersion: "9"},
		{Namespace: "dex", Name: "broken", ChartName: "dex", ChartVersion: "9"},
	}
	inst.Seeds[0].Releases = []kkp.Release{{Namespace: "minio", Name: "minio", ChartName: "minio", ChartVersion: "8"}}
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
			{Path: "iap", Name: "iap", Version: "7", Render: func(_ context.Context, how Rendering) (Rendered, error) {
				return Rendered{Hits: hits("quay.io/iap:" + how.API.Kubernetes)}, nil
			}},
			{Path: "bad", Name: "bad", Err: errors.New("no chart")},
		},
	}
	got := Inventory(t.Context(), inst, release(t, "v2.31.0", catalog.EE), upstream(Options{Sources: []string{Charts}, Charts: charts}))
	want := []string{
		"ghcr.io/dexidp/dex:v2 charts: dex on master (chart dex 9, Deployment d and 1 more)",
		"quay.io/iap:v" + release(t, "v2.31.0", catalog.EE).DefaultKubernetes() + " charts: iap (chart iap 7, Deployment d)",
		"quay.io/minio/minio:1 charts: minio on aws-seed (chart minio 8, Deployment d)",
	}
	if diff := cmp.Diff(want, reasons(got.Inventory)); diff != "" {
		t.Error(diff)
	}
	gaps := subjects(got.Gaps)
	for _, part := range []string{
		"charts: Helm release dex/broken on master: it does not render", "charts: Helm release dex/dex on master: Deployment d, spec: image reference",
		"charts: Helm release minio/minio on aws-seed: reg.corp/sidecar:1", "namespace mla on master: forbidden", "charts: chart bad: no chart",
	} {
		if !strings.Contains(gaps, part) {
			t.Errorf("%q is missing in\n%s", part, gaps)
		}
	}
	if len(got.Gaps) != 5 || len(got.Notes) != 1 || !strings.Contains(got.Notes[0], "minio/minio on aws-seed: upstream names are listed, whatever its values set for image.repository (reg.corp/minio)") {
		t.Error(got.Notes, gaps)
	}
}

func TestBundledChartsAreAskedFor(t *testing.T) {
	charts := &fakeCharts{local: []Chart{{Path: "c", Name: "c", Render: func(context.Context, Rendering) (Rendered, error) { return Rendered{Hits: hits("a/b:1")}, nil }}}}
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

func app(name string, system bool, source kkp.ChartSource, versions ...string) kkp.Application {
	found := kkp.Application{Name: name, System: system, DefaultVersion: versions[0]}
	for _, version := range versions {
		source.Version = version
		found.Versions = append(found.Versions, kkp.ApplicationVersion{Version: version, Chart: source})
	}
	return found
}

// versioned renders to an image of the chart's name and version.
func versioned(source kkp.ChartSource, _ Rendering) (Rendered, error) {
	return Rendered{Hits: hits("quay.io/" + source.Name + ":" + source.Version)}, nil
}

func listed(t *testing.T, inst kkp.Installation, charts *fakeCharts, opts Options) Result {
	t.Helper()
	opts.Sources, opts.Charts = []string{Applications}, charts
	return Inventory(t.Context(), inst, release(t, "v2.31.0", catalog.CE), opts)
}

func TestApplications(t *testing.T) {
	inst := installation("1.34.9", "aws")
	mirrored := kkp.ChartSource{URL: "oci://reg.corp/charts", Name: "cilium"}
	inst.Applications.Definitions = []kkp.Application{
		app("cilium", true, mirrored, "1.19.1+build", "1.18.0"),
		app("kubevirt", false, kkp.ChartSource{URL: kubevirtCharts, Name: "kubevirt"}, "1.0.0"),
		app("web", false, kkp.ChartSource{URL: "https://me:secret@charts.example.com", Name: "web"}, "1.0.0"),
		app("gone", false, kkp.ChartSource{URL: upstreamCharts, Name: "gone"}, "1.0.0"),
		{Name: "git", Versions: []kkp.ApplicationVersion{{Version: "main", Git: "https://me:secret@example.com/charts.git"}}},
	}
	object := map[string]any{"spec": map[string]any{"userCluster": map[string]any{"systemApplications": map[string]any{"helmRepository": "reg.corp/charts"}}}}
	inst.Configuration = configurationWith(t, object)
	inst.Configuration.Spec.Versions.Default = "v1.34.9"
	inst.Applications.InstallationsUnknown = errors.New("the user clusters are down")
	got := listed(t, inst, &fakeCharts{render: versioned}, upstream(Options{}))
	want := []string{
		"quay.io/cilium:1.19.1",
		"quay.io/kubermatic-mirror/helm-charts/cilium:1.19.1_build", "quay.io/kubermatic-mirror/helm-charts/gone:1.0.0",
		"quay.io/kubermatic/helm-charts/kubevirt:1.0.0", "quay.io/kubevirt:1.0.0", "quay.io/web:1.0.0",
	}
	want = want[1:] // an image cannot have a + in its tag
	if diff := cmp.Diff(want, names(got.Inventory)); diff != "" {
		t.Error(diff)
	}
	for _, img := range got.Images {
		if chart := strings.Contains(img.Ref.Repository, "helm-charts"); chart != (img.Kind == images.KindChart) {
			t.Errorf("%s is a %s", img.Ref, img.Kind)
		}
		if img.Ref.Repository == "kubermatic/helm-charts/kubevirt" && !cmp.Equal(img.Also, []string{"kubermatic-mirror/helm-charts/kubevirt"}) {
			t.Errorf("%s is at %v", img.Ref, img.Also)
		}
	}
	text := subjects(got.Gaps) + strings.Join(got.Notes, "\n")
	for _, part := range []string{
		"application gone 1.0.0: it is gone", "application git main: its chart is in the Git repository https://example.com/charts.git",
		"application web 1.0.0: its chart comes from https://charts.example.com", "whatever spec.userCluster.systemApplications.helmRepository is set to",
	} {
		if !strings.Contains(text, part) || strings.Contains(text, "secret") {
			t.Errorf("%q is missing in\n%s", part, text)
		}
	}
}

func configurationWith(t *testing.T, object map[string]any) kkp.Configuration {
	t.Helper()
	object["apiVersion"], object["kind"] = "kubermatic.k8c.io/v1", "KubermaticConfiguration"
	object["metadata"] = map[string]any{"name": "kubermatic", "namespace": "kubermatic"}
	inst, err := kkp.FromObjects(unstructuredOf(object))
	if err != nil {
		t.Fatal(err)
	}
	return inst.Configuration
}

func TestApplicationVersions(t *testing.T) {
	cilium := app("cilium", true, kkp.ChartSource{URL: upstreamCharts, Name: "cilium"}, "1.19.1", "1.18.0", "1.17.0")
	other := app("other", false, kkp.ChartSource{URL: upstreamCharts, Name: "other"}, "2.0.0", "1.0.0", "0.1.0")
	for name, c := range map[string]struct {
		change func(*kkp.Installation)
		opts   Options
		want   string
	}{
		"not known":        {func(*kkp.Installation) {}, Options{}, "cilium:1.19.1 other:0.1.0 other:1.0.0 other:2.0.0"},
		"cilium in use":    {func(i *kkp.Installation) { i.Seeds[0].Clusters[0].CNI = "cilium v1.17.0" }, Options{}, "cilium:1.17.0 cilium:1.19.1 other:0.1.0 other:1.0.0 other:2.0.0"},
		"a seed is unread": {func(i *kkp.Installation) { i.Seeds[0].Read = false }, Options{}, "cilium:1.17.0 cilium:1.18.0 cilium:1.19.1 other:0.1.0 other:1.0.0 other:2.0.0"},
		"installations": {func(i *kkp.Installation) {
			i.Applications.InstallationsUnknown, i.Applications.Installations = nil, []kkp.Installed{{Name: "other", Version: "1.0.0"}}
		}, Options{}, "cilium:1.19.1 other:1.0.0 other:2.0.0"},
		"all": {func(i *kkp.Installation) {
			i.Applications.InstallationsUnknown, i.Applications.Installations = nil, []kkp.Installed{{Name: "other", Version: "1.0.0"}}
		}, Options{All: true}, "cilium:1.17.0 cilium:1.18.0 cilium:1.19.1 other:0.1.0 other:1.0.0 other:2.0.0"},
		"nobody has others": {func(i *kkp.Installation) {
			i.Applications.InstallationsUnknown, i.Applications.Installations = nil, []kkp.Installed{{Name: "cilium", Version: "1.18.0"}}
		}, Options{}, "cilium:1.18.0 cilium:1.19.1 other:2.0.0"},
	} {
		inst := installation("1.34.9", "aws")
		inst.Applications.Definitions = []kkp.Application{cilium, other}
		inst.Applications.InstallationsUnknown = errors.New("the user clusters are down")
		c.change(&inst)
		var got []string
		for _, img := range listed(t, inst, &fakeCharts{render: versioned}, upstream(c.opts)).Images {
			if img.Kind == images.KindImage {
				got = append(got, strings.TrimPrefix(img.Ref.String(), "quay.io/"))
			}
		}
		if strings.Join(got, " ") != c.want {
			t.Errorf("%s: %v, want %s", name, got, c.want)
		}
	}
}

func TestApplicationValues(t *testing.T) {
	inst := installation("1.34.9", "aws")
	inst.Configuration.Spec.Versions.Versions = []string{"v1.34.0", "v1.35.7"}
	autoscaler := app("cluster-autoscaler", true, kkp.ChartSource{URL: upstreamCharts, Name: "cluster-autoscaler"}, "9.59.0")
	autoscaler.Values = map[string]any{"image": map[string]any{"tag": "{{ .Cluster.AutoscalerVersion }}"}}
	cilium := app("cilium", true, kkp.ChartSource{URL: upstreamCharts, Name: "cilium"}, "1.19.1")
	cilium.Values = map[string]any{"envoy": map[string]any{"enabled": false}, "host": "{{ .Cluster.Address.URL }}"}
	inst.Applications.Definitions = []kkp.Application{autoscaler, cilium}
	render := func(source kkp.ChartSource, how Rendering) (Rendered, error) {
		if source.Name == "cilium" {
			if envoy, _ := how.Values["envoy"].(map[string]any); envoy["enabled"] == true {
				return Rendered{Hits: hits("quay.io/cilium/cilium-envoy:1")}, nil
			}
			return Rendered{}, nil
		}
		image, _ := how.Values["image"].(map[string]any)
		tag, _ := image["tag"].(string)
		return Rendered{Hits: hits("registry.k8s.io/autoscaling/cluster-autoscaler:" + tag)}, nil
	}
	got := listed(t, inst, &fakeCharts{render: render}, upstream(Options{}))
	for _, part := range []string{"cluster-autoscaler:v1.34.2", "cluster-autoscaler:v1.35.1", "cilium-envoy:1"} {
		if !has(got.Inventory, part) {
			t.Errorf("%s is missing: %v", part, names(got.Inventory))
		}
	}
	if len(got.Gaps) != 0 || len(got.Images) != 5 {
		t.Error(got.Gaps, names(got.Inventory))
	}
	autoscaler.Values["bad"] = "{{ .Cluster.Nothing }}"
	if got := listed(t, inst, &fakeCharts{render: render}, upstream(Options{})); !strings.Contains(subjects(got.Gaps), "application cluster-autoscaler 9.59.0: template: default values") {
		t.Error(got.Gaps)
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

func TestOverwrittenApplications(t *testing.T) {
	inst := installation("1.34.9", "aws")
	inst.Configuration.Spec.UserCluster.OverwriteRegistry = "reg.corp/kkp"
	inst.Applications.Definitions = []kkp.Application{
		app("cilium", true, kkp.ChartSource{URL: "oci://reg.corp/charts", Name: "cilium"}, "1.0.0"),
		app("other", false, kkp.ChartSource{URL: upstreamCharts, Name: "other"}, "1.0.0"),
	}
	got := listed(t, inst, &fakeCharts{render: versioned}, Options{})
	want := []string{"quay.io/kubermatic-mirror/helm-charts/other:1.0.0", "quay.io/other:1.0.0", "reg.corp/charts/cilium:1.0.0", "reg.corp/kkp/cilium:1.0.0"}
	if diff := cmp.Diff(want, names(got.Inventory)); diff != "" {
		t.Error(diff)
	}
}

func unstructuredOf(object map[string]any) []*unstructured.Unstructured {
	return []*unstructured.Unstructured{{Object: object}}
}
