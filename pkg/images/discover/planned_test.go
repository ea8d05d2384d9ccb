package discover_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/catalog"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/discover"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/kkp"
)

// chart renders to an image with the name, namespace and tag of the release that it is for. It fails with the value
// "fails".
func chart(path, name string) discover.Chart {
	return discover.Chart{Path: path, Name: name, Version: "2.31.0", Render: func(_ context.Context, how discover.RenderOptions) (discover.Rendered, error) {
		if how.Release == nil {
			return refers("ghcr.io/chart/" + path + ":1"), nil
		}
		if how.Release.Config["fails"] == true {
			return refers("ghcr.io/part/" + name + ":1"), errors.New("it wants another value")
		}
		tag, ok := how.Release.Config["tag"]
		if !ok {
			tag = "default"
		}
		return refers(fmt.Sprintf("ghcr.io/planned/%s/%s/%s:%v", path, how.Release.Namespace, how.Release.Name, tag)), nil
	}}
}

func releaseOf(namespace, name, chart string, values map[string]any) kkp.HelmRelease {
	return kkp.HelmRelease{Namespace: namespace, Name: name, ChartName: chart, ChartVersion: "2.30.6", Config: values}
}

// installed is an installation of KKP 2.30.6 with Helm releases.
func installed(t *testing.T, releases ...kkp.HelmRelease) kkp.Installation {
	t.Helper()
	inst := live(fromFiles(t, configuration, seed), "v2.30.6", "CE")
	inst.Releases = releases
	return inst
}

func chartsSource(t *testing.T, inst kkp.Installation, version string, reader *charts) discover.Result {
	t.Helper()
	return discover.Inventory(t.Context(), inst, open(t, version, catalog.CE), upstream(discover.Options{Sources: []string{discover.Charts}, Charts: reader}))
}

func TestAnUpgradeInstallsThePlannedCharts(t *testing.T) {
	inst := installed(t,
		releaseOf("dex", "dex", "dex", map[string]any{"tag": "v2"}),
		releaseOf("mla", "store", "minio", map[string]any{"tag": 8}),
		releaseOf("minio", "minio", "minio", map[string]any{"tag": 7}),
		releaseOf("logging", "promtail", "promtail", nil),
	)
	reader := &charts{bundled: []discover.Chart{chart("mla/minio", "minio"), chart("minio", "minio"), chart("dex", "dex"), chart("logging/alloy", "alloy")}}
	got := chartsSource(t, inst, "v2.31.0", reader)
	want := []string{"ghcr.io/planned/dex/dex/dex:v2", "ghcr.io/planned/minio/minio/minio:7", "ghcr.io/planned/mla/minio/mla/store:8", "ghcr.io/today/promtail:1"}
	if diff := cmp.Diff(want, names(got.Inventory)); diff != "" || len(got.Gaps) > 0 {
		t.Error(diff, got.Gaps)
	}
	if reason := got.Images[0].Reasons[0]; reason.Component != "dex" || reason.Cluster != "master" || !strings.HasPrefix(reason.Condition, "chart dex 2.31.0") {
		t.Error(reason)
	}
	if note := "Helm release logging/promtail on master: KKP v2.31.0 has no chart promtail, so the images of the installed version are listed"; !slices.Contains(got.Notes, note) {
		t.Error(got.Notes)
	}
	// What runs is listed as it is installed.
	if today := names(chartsSource(t, inst, "v2.30.6", reader).Inventory); !slices.Contains(today, "ghcr.io/today/dex:1") || len(today) != 4 {
		t.Error(today)
	}
}

// KKP 2.31 takes the place of an ingress controller with a chart that may not be there yet.
func TestAnUpgradeInstallsTheGateway(t *testing.T) {
	const image, note = "ghcr.io/chart/envoy-gateway-controller:1", "KKP v2.31.0 needs the chart envoy-gateway-controller, which is not installed: its default values are used"
	reader := &charts{bundled: []discover.Chart{chart("envoy-gateway-controller", "envoy-gateway-controller"), chart("dex", "dex")}}
	inst := installed(t, releaseOf("dex", "dex", "dex", nil))
	if got := chartsSource(t, inst, "v2.31.0", reader); !slices.Contains(names(got.Inventory), image) || !slices.Contains(got.Notes, note) {
		t.Error(names(got.Inventory), got.Notes)
	}
	if got := chartsSource(t, inst, "v2.30.5", reader); slices.Contains(names(got.Inventory), image) {
		t.Error("KKP 2.30 does not need it")
	}
	external := installed(t, releaseOf("dex", "dex", "dex", nil))
	external.Configuration = fromFiles(t, configuration+"  ingress: {gateway: {externalGateway: {name: mine}}}").Configuration
	there := installed(t, releaseOf("envoy-gateway-controller", "gateway", "envoy-gateway-controller", nil))
	for _, inst := range []kkp.Installation{external, there} {
		if got := chartsSource(t, inst, "v2.31.0", reader); slices.Contains(names(got.Inventory), image) || slices.Contains(got.Notes, note) {
			t.Error(names(got.Inventory), got.Notes)
		}
	}
}

func TestReleasesOfSeedsAreUpgradedToo(t *testing.T) {
	inst := installed(t)
	inst.Seeds[0].Releases = []kkp.HelmRelease{releaseOf("minio", "minio", "minio", map[string]any{"tag": 7})}
	got := chartsSource(t, inst, "v2.31.0", &charts{bundled: []discover.Chart{chart("minio", "minio")}})
	if len(got.Images) != 1 || got.Images[0].Ref.Tag != "7" || got.Images[0].Reasons[0].Cluster != "hamburg" {
		t.Error(got.Images)
	}
}

func TestAPlannedChartThatDoesNotRender(t *testing.T) {
	inst := installed(t, releaseOf("dex", "dex", "dex", map[string]any{"fails": true}))
	got := chartsSource(t, inst, "v2.31.0", &charts{bundled: []discover.Chart{chart("dex", "dex")}})
	if diff := cmp.Diff([]string{"ghcr.io/part/dex:1", "ghcr.io/planned/dex/dex/dex:default"}, names(got.Inventory)); diff != "" {
		t.Error(diff)
	}
	if !strings.Contains(remarks(got.Inventory), "Helm release dex/dex on master: the chart dex 2.31.0 does not render with the values of the release, so its default values are used: it wants another value") {
		t.Error(remarks(got.Inventory))
	}
	broken := discover.Chart{Path: "dex", Name: "dex", Err: errors.New("no Chart.yaml")}
	got = chartsSource(t, inst, "v2.31.0", &charts{bundled: []discover.Chart{broken}})
	if !slices.Contains(names(got.Inventory), "ghcr.io/today/dex:1") || !strings.Contains(remarks(got.Inventory), "so the images of the installed version are listed: no Chart.yaml") {
		t.Error(names(got.Inventory), remarks(got.Inventory))
	}
}

func TestPlannedChartsThatCannotBeRead(t *testing.T) {
	inst := installed(t, releaseOf("dex", "dex", "dex", nil))
	got := chartsSource(t, inst, "v2.31.0", &charts{bundleErr: errors.New("the registry is down")})
	if !slices.Equal(names(got.Inventory), []string{"ghcr.io/today/dex:1"}) || len(got.Gaps) != 1 ||
		!strings.Contains(got.Gaps[0].String(), "charts: /opt/charts in quay.io/kubermatic/kubermatic:v2.31.0: the registry is down; the images of the installed versions are listed in place of those of the charts of KKP v2.31.0") {
		t.Error(names(got.Inventory), got.Gaps)
	}
	// Charts at hand that are KKP's are as good.
	got = chartsSource(t, inst, "v2.31.0", &charts{bundleErr: errors.New("down"), local: []discover.Chart{chart("dex", "dex"), chart("kubermatic-operator", "kubermatic-operator")}})
	if !slices.Contains(names(got.Inventory), "ghcr.io/planned/dex/dex/dex:default") || len(got.Gaps) > 0 {
		t.Error(names(got.Inventory), got.Gaps)
	}
}

func TestBundledChartsWithoutAnInstallation(t *testing.T) {
	reader := &charts{bundled: []discover.Chart{chart("dex", "dex")}}
	release := open(t, "v2.31.0", catalog.CE)
	listed := func(inst kkp.Installation, opts discover.Options) bool {
		opts.Charts = reader
		return slices.Contains(names(discover.Inventory(t.Context(), inst, release, upstream(opts)).Inventory), "ghcr.io/chart/dex:1")
	}
	files := fromFiles(t, configuration)
	if !listed(files, discover.Options{}) {
		t.Error("they are off without an installation")
	}
	if listed(live(files, "v2.31.0", "CE"), discover.Options{}) {
		t.Error("they are on for what is installed")
	}
	if !listed(live(files, "v2.31.0", "CE"), discover.Options{All: true}) {
		t.Error("they are off with everything")
	}
	reader.local = []discover.Chart{chart("kubermatic-operator", "kubermatic-operator")}
	if listed(files, discover.Options{}) {
		t.Error("they are on beside KKP's charts at hand")
	}
}

// In the image of the Enterprise Edition, the operator's chart names the image of the Community Edition.
func TestTheOperatorOfTheEnterpriseEdition(t *testing.T) {
	operator := discover.Chart{Path: "kubermatic-operator", Name: "kubermatic-operator", Render: func(context.Context, discover.RenderOptions) (discover.Rendered, error) {
		return refers("quay.io/kubermatic/kubermatic:v2.31.0", "quay.io/kubermatic/util:2.9.0"), nil
	}}
	for edition, want := range map[catalog.Edition]string{catalog.CE: "quay.io/kubermatic/kubermatic:v2.31.0", catalog.EE: "quay.io/kubermatic/kubermatic-ee:v2.31.0"} {
		opts := upstream(discover.Options{Sources: []string{discover.BundledCharts}, Charts: &charts{bundled: []discover.Chart{operator}}})
		got := names(discover.Inventory(t.Context(), fromFiles(t, configuration), open(t, "v2.31.0", edition), opts).Inventory)
		if !slices.Equal(got, []string{want, "quay.io/kubermatic/util:2.9.0"}) {
			t.Errorf("%s: %v", edition, got)
		}
	}
}
