package discover_test

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/catalog"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/discover"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/kkp"
)

const seed = `
apiVersion: kubermatic.k8c.io/v1
kind: Seed
metadata: {name: hamburg, namespace: kubermatic}
spec:
  kubeconfig: {name: kubeconfig-hamburg}
  mla: {userClusterMLAEnabled: true}
  datacenters: {hamburg-aws: {spec: {aws: {region: eu-central-1}}}}
`

func clusterWith(cni string) string {
	typ, version, _ := strings.Cut(cni, " ")
	return `
apiVersion: kubermatic.k8c.io/v1
kind: Cluster
metadata: {name: c}
spec:
  version: 1.34.9
  cloud: {dc: hamburg-aws, providerName: aws, aws: {}}
  cniPlugin: {type: ` + typ + `, version: "` + version + `"}
  clusterNetwork: {konnectivityEnabled: true}
`
}

func definitionOf(name, labels string, versions ...string) string {
	text := `
apiVersion: apps.kubermatic.k8c.io/v1
kind: ApplicationDefinition
metadata: {name: ` + name + `, labels: {` + labels + `}}
spec:
  defaultVersion: ` + versions[0] + `
  versions:
`
	for _, version := range versions {
		text += `  - {version: "` + version + `", template: {source: {helm: {url: "oci://reg.corp/charts", chartName: ` + name + `, chartVersion: "` + version + `"}}}}
`
	}
	return text
}

const system = "apps.kubermatic.k8c.io/managed-by: kkp"

func applications(t *testing.T, inst kkp.Installation, release *catalog.Release, opts discover.Options) discover.Result {
	t.Helper()
	opts.Sources = []string{discover.Applications}
	if opts.Charts == nil {
		opts.Charts = &charts{}
	}
	return discover.Inventory(t.Context(), inst, release, opts)
}

// chartsOf are the charts in an inventory, without what comes before their names.
func chartsOf(inv images.Inventory) string {
	var found []string
	for _, img := range inv.Images {
		if img.Kind == images.KindChart {
			found = append(found, img.Ref.Repository[strings.LastIndex(img.Ref.Repository, "/")+1:]+":"+img.Ref.Tag)
		}
	}
	return strings.Join(found, " ")
}

func upstream(opts discover.Options) discover.Options {
	opts.IgnoreOverrides = true
	return opts
}

const autoscaler = "cluster-autoscaler:9.46.6 cluster-autoscaler:9.59.0"

func TestWhichVersionsOfTheSystemsApplications(t *testing.T) {
	earlier := definitionOf("cilium", system, "1.18.0", "1.17.0")
	for name, c := range map[string]struct {
		inst kkp.Installation
		want string
	}{
		"nothing is installed":    {fromFiles(t, configuration), "cilium:1.19.4 " + autoscaler},
		"a cluster of another":    {fromFiles(t, configuration, seed, clusterWith("cilium 1.18.10")), "cilium:1.18.10 cilium:1.19.4 " + autoscaler},
		"the version has a v":     {fromFiles(t, configuration, seed, clusterWith("cilium v1.16.9")), "cilium:1.16.9 cilium:1.19.4 " + autoscaler},
		"a cluster without":       {live(fromFiles(t, configuration, seed, clusterWith("canal v3.31")), "v2.31.0", "CE"), "cilium:1.19.4 " + autoscaler},
		"only the live one has":   {live(fromFiles(t, configuration, seed, clusterWith("cilium 1.17.0"), earlier), "v2.30.0", "CE"), "cilium:1.19.4 " + autoscaler + " cilium:1.17.0"},
		"the live one is of old":  {live(fromFiles(t, configuration, seed, clusterWith("canal v3.31"), earlier), "v2.30.0", "CE"), "cilium:1.19.4 " + autoscaler},
		"the admin has only this": {fromFiles(t, configuration+"  applications: {systemApplications: {applications: [cluster-autoscaler]}}"), autoscaler},
		"the admin has none":      {fromFiles(t, configuration+"  applications: {systemApplications: {disable: true}}"), ""},
		"the admin has an own":    {fromFiles(t, configuration+"  applications: {systemApplications: {disable: true}}", earlier), "cilium:1.18.0"},
	} {
		t.Run(name, func(t *testing.T) {
			got := applications(t, c.inst, open(t, "v2.31.0", catalog.CE), upstream(discover.Options{}))
			if listed := chartsOf(got.Inventory); listed != c.want || len(got.Gaps) > 0 {
				t.Errorf("%s, want %s; %s", listed, c.want, remarks(got.Inventory))
			}
		})
	}
}

func TestUnknownClustersCanHaveEveryCilium(t *testing.T) {
	inst := live(fromFiles(t, configuration, seed), "v2.31.0", "CE")
	inst.Seeds[0].Read = false
	got := applications(t, inst, open(t, "v2.31.0", catalog.CE), upstream(discover.Options{}))
	if !strings.Contains(chartsOf(got.Inventory), "cilium:1.13.0 ") ||
		!strings.Contains(remarks(got.Inventory), "every version of the application cilium is listed, because the installed versions are not known") {
		t.Error(chartsOf(got.Inventory), remarks(got.Inventory))
	}
}

func TestACiliumWithoutChartIsAGap(t *testing.T) {
	got := applications(t, fromFiles(t, configuration, seed, clusterWith("cilium 1.99.0")), open(t, "v2.31.0", catalog.CE), upstream(discover.Options{}))
	if !strings.Contains(remarks(got.Inventory), "application cilium 1.99.0: user clusters use this version, and neither KKP v2.31.0 nor a live ApplicationDefinition names its chart") {
		t.Error(remarks(got.Inventory))
	}
	addon := applications(t, fromFiles(t, configuration, seed, clusterWith("cilium v1.12")), open(t, "v2.31.0", catalog.CE), upstream(discover.Options{}))
	if len(addon.Gaps) > 0 {
		t.Error("Cilium 1.12 was an addon:", addon.Gaps)
	}
}

func TestTheCatalogOfTheEnterpriseEdition(t *testing.T) {
	const enabled = "  applications: {defaultApplicationCatalog: {enable: true}}\n"
	const monitored = "  featureGates: {UserClusterMLA: true}\n"
	count := func(inst kkp.Installation, release string, edition catalog.Edition, opts discover.Options) int {
		return len(strings.Fields(chartsOf(applications(t, inst, open(t, release, edition), upstream(opts)).Inventory)))
	}
	for name, c := range map[string]struct {
		inst    kkp.Installation
		release string
		edition catalog.Edition
		opts    discover.Options
		want    int
	}{
		"off":               {fromFiles(t, configuration), "v2.31.0", catalog.EE, discover.Options{}, 3},
		"on":                {fromFiles(t, configuration+enabled), "v2.31.0", catalog.EE, discover.Options{}, 3 + 53},
		"on, but not here":  {fromFiles(t, configuration+enabled), "v2.31.0", catalog.CE, discover.Options{}, 3},
		"some":              {fromFiles(t, configuration+"  applications: {defaultApplicationCatalog: {enable: true, applications: [argocd, trivy]}}"), "v2.31.0", catalog.EE, discover.Options{}, 3 + 8},
		"external":          {fromFiles(t, configuration+"  featureGates: {ExternalApplicationCatalogManager: true}"), "v2.31.0", catalog.EE, discover.Options{}, 3 + 53},
		"monitoring":        {fromFiles(t, configuration+monitored, seed), "v2.31.0", catalog.EE, discover.Options{}, 3 + 2},
		"monitoring before": {fromFiles(t, configuration+monitored, seed), "v2.30.6", catalog.EE, discover.Options{}, 2},
		"everything":        {fromFiles(t, configuration), "v2.31.0", catalog.EE, discover.Options{All: true}, 28 + 53},
		"what is installed": {live(fromFiles(t, configuration+enabled, seed, clusterWith("canal v3.31")), "v2.31.0", "EE"), "v2.31.0", catalog.EE, discover.Options{}, 3 + 19},
	} {
		if got := count(c.inst, c.release, c.edition, c.opts); got != c.want {
			t.Errorf("%s: %d charts, want %d", name, got, c.want)
		}
	}
}

func TestLiveDefinitionsOfOthersAreListed(t *testing.T) {
	installed := `
apiVersion: apps.kubermatic.k8c.io/v1
kind: ApplicationInstallation
metadata: {name: web, namespace: web}
spec: {applicationRef: {name: web, version: 1.0.0}}
`
	own := definitionOf("web", "", "2.0.0", "1.0.0", "0.1.0")
	for name, c := range map[string]struct {
		inst kkp.Installation
		want string
	}{
		"not known":      {fromFiles(t, configuration, own), "web:0.1.0 web:1.0.0 web:2.0.0"},
		"one is":         {fromFiles(t, configuration, own, installed), "web:1.0.0 web:2.0.0"},
		"none is":        {live(fromFiles(t, configuration, seed, own), "v2.31.0", "CE"), "web:2.0.0"},
		"the catalog is": {live(fromFiles(t, configuration, seed, definitionOf("argocd", "", "7.7.7")), "v2.31.0", "CE"), "argocd:7.7.7"},
	} {
		got := applications(t, c.inst, open(t, "v2.31.0", catalog.EE), upstream(discover.Options{}))
		var rest []string
		for chart := range strings.FieldsSeq(chartsOf(got.Inventory)) {
			if !strings.HasPrefix(chart, "ci") && !strings.HasPrefix(chart, "cl") {
				rest = append(rest, chart)
			}
		}
		if strings.Join(rest, " ") != c.want {
			t.Errorf("%s: %v, want %s", name, rest, c.want)
		}
	}
}

// KKP overwrites the applications of its catalog, and keeps what an admin has changed in those of its system.
func TestDefaultValues(t *testing.T) {
	values := func(text string) string {
		return "  defaultValuesBlock: |\n    " + strings.ReplaceAll(text, "\n", "\n    ") + "\n"
	}
	shipped := catalog.ShippedValues("cluster-autoscaler")
	definition := definitionOf("cluster-autoscaler", system, "1.32.0")
	for name, c := range map[string]struct {
		live string
		want string
	}{
		"none":    {"", "v1.34.2"},
		"empty":   {definition, "v1.34.2"},
		"KKP's":   {definition + values(shipped[0]), "v1.34.2"},
		"changed": {definition + values(`image: {tag: "{{ .Cluster.Version }}-corp"}`), "1.34.9-corp"},
	} {
		inst := fromFiles(t, configuration, c.live)
		got := applications(t, inst, open(t, "v2.31.0", catalog.CE), upstream(discover.Options{}))
		if !slices.Contains(names(got.Inventory), "docker.io/rendered/cluster-autoscaler:"+c.want) {
			t.Errorf("%s: %v", name, names(got.Inventory))
		}
	}
}

func TestTheAutoscalerIsForEachMinor(t *testing.T) {
	inst := fromFiles(t, strings.Replace(configuration, "[v1.34.9]", "[v1.34.0, v1.34.9, v1.35.7]", 1))
	got := applications(t, inst, open(t, "v2.31.0", catalog.CE), upstream(discover.Options{}))
	want := []string{
		"docker.io/rendered/cilium:1.19.4", "docker.io/rendered/cluster-autoscaler:v1.34.2", "docker.io/rendered/cluster-autoscaler:v1.35.1",
		"docker.io/rendered/envoy:1.19.4", // which KKP turns off, and users on
		"quay.io/kubermatic-mirror/helm-charts/cilium:1.19.4", "quay.io/kubermatic-mirror/helm-charts/cluster-autoscaler:9.46.6",
		"quay.io/kubermatic-mirror/helm-charts/cluster-autoscaler:9.59.0",
	}
	if diff := cmp.Diff(want, names(got.Inventory)); diff != "" || len(got.Gaps) > 0 {
		t.Error(diff, got.Gaps)
	}
}

func TestAChartThatCannotBePulledIsListed(t *testing.T) {
	got := applications(t, fromFiles(t, configuration), open(t, "v2.31.0", catalog.CE), upstream(discover.Options{Charts: &charts{gone: "cilium"}}))
	if !strings.Contains(chartsOf(got.Inventory), "cilium:1.19.4") || len(got.Gaps) != 1 || got.Gaps[0].Subject != "application cilium 1.19.4" {
		t.Error(chartsOf(got.Inventory), got.Gaps)
	}
}

func TestReleasesThatAreNotInTheCatalogSaySo(t *testing.T) {
	supported := catalog.Supported()
	newest := supported[len(supported)-1]
	got := applications(t, fromFiles(t, configuration), open(t, "v2.31.99", catalog.CE), upstream(discover.Options{}))
	if !strings.Contains(remarks(got.Inventory), "applications: KKP v2.31.99: not in the catalog; what "+newest+" needs is listed instead") {
		t.Error(remarks(got.Inventory))
	}
}

// The charts of KKP's own applications come from upstream, unless it is asked for what the installation pulls.
func TestRepositoriesOfCharts(t *testing.T) {
	const fields = `
  userCluster:
    overwriteRegistry: reg.corp/kkp
    systemApplications: {helmRepository: reg.corp/charts, plainHTTP: true}
  applications:
    defaultApplicationCatalog: {enable: true, applications: [kubevirt], helmRepository: oci://reg.corp/catalog}
`
	inst := fromFiles(t, configuration+fields)
	got := applications(t, inst, open(t, "v2.31.0", catalog.EE), upstream(discover.Options{}))
	for _, img := range got.Images {
		if strings.Contains(img.Ref.String(), "reg.corp") {
			t.Errorf("%s is listed", img.Ref)
		}
		if also := cmp.Equal(img.Also, []string{"kubermatic-mirror/helm-charts/kubevirt"}); also != (img.Ref.Repository == "kubermatic/helm-charts/kubevirt") {
			t.Errorf("%s is at %v, too", img.Ref, img.Also)
		}
	}
	for _, part := range []string{"regardless of spec.userCluster.systemApplications.helmRepository", "regardless of spec.applications.defaultApplicationCatalog.helmRepository"} {
		if !strings.Contains(remarks(got.Inventory), part) {
			t.Errorf("%q is missing in %s", part, remarks(got.Inventory))
		}
	}
	actual := names(applications(t, inst, open(t, "v2.31.0", catalog.EE), discover.Options{}).Inventory)
	for _, want := range []string{"reg.corp/charts/cilium:1.19.4", "reg.corp/catalog/kubevirt:v1.7.1", "reg.corp/kkp/rendered/cilium:1.19.4", "docker.io/rendered/kubevirt:v1.7.1"} {
		if !slices.Contains(actual, want) {
			t.Errorf("%s is missing in %v", want, actual)
		}
	}
}

func TestSourcesOfOthersCharts(t *testing.T) {
	inst := fromFiles(t, configuration)
	at := func(name, url string) kkp.Application {
		return kkp.Application{Name: name, DefaultVersion: "1.0.0+build", Versions: []kkp.ApplicationVersion{
			{Version: "1.0.0+build", Chart: kkp.ChartSource{URL: url, Name: name, Version: "1.0.0+build"}},
		}}
	}
	inst.Applications.Definitions = []kkp.Application{
		at("kubevirt", "oci://quay.io/kubermatic/helm-charts"), at("web", "https://me:secret@charts.example.com"), at("gone", "oci://quay.io/charts"),
		{Name: "git", Versions: []kkp.ApplicationVersion{{Version: "main", Git: "https://me:secret@example.com/charts.git"}}},
	}
	inst.Applications.InstallationsUnknown = errors.New("the user clusters are down")
	got := applications(t, inst, open(t, "v2.31.0", catalog.CE), upstream(discover.Options{Charts: &charts{gone: "gone"}}))
	if listed := chartsOf(got.Inventory); !strings.Contains(listed, "gone:1.0.0_build") || !strings.Contains(listed, "kubevirt:1.0.0_build") || strings.Contains(listed, "web") {
		t.Error(listed)
	}
	for _, part := range []string{
		"application gone 1.0.0+build: it is gone", "application git main: its chart is in the Git repository https://example.com/charts.git",
		"application web 1.0.0+build: the chart comes from https://charts.example.com",
	} {
		if text := remarks(got.Inventory); !strings.Contains(text, part) || strings.Contains(text, "secret") {
			t.Errorf("%q is missing in\n%s", part, text)
		}
	}
}
