package catalog_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"sigs.k8s.io/yaml"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/catalog"
	"github.com/kkp-mirror/kubectl-kkp_mirror/test/harness"
)

func applications(t *testing.T, release string, edition catalog.Edition) map[string]catalog.Application {
	t.Helper()
	opened, err := catalog.Open(release, edition)
	if err != nil {
		t.Fatal(err)
	}
	found := map[string]catalog.Application{}
	for _, application := range opened.Applications() {
		found[application.Name] = application
	}
	return found
}

func TestApplications(t *testing.T) {
	ce, ee := applications(t, "v2.31.0", catalog.CE), applications(t, "v2.31.0", catalog.EE)
	if len(ce) != 2 || len(ee) != 21 {
		t.Errorf("%d and %d applications", len(ce), len(ee))
	}
	autoscaler := ce["cluster-autoscaler"]
	want := []catalog.ApplicationVersion{{Version: "1.32.0", Chart: "9.46.6"}, {Version: "1.35.0", Chart: "9.59.0"}}
	if diff := cmp.Diff(want, autoscaler.Versions); diff != "" || !autoscaler.System || autoscaler.Chart != "cluster-autoscaler" {
		t.Error(diff, autoscaler)
	}
	cilium := ee["cilium"].Versions
	if cilium[0].Version != "1.13.0" || cilium[len(cilium)-1] != (catalog.ApplicationVersion{Version: "1.19.4", Chart: "1.19.4"}) {
		t.Errorf("the versions of cilium are %v", cilium)
	}
	monitored := ee["node-exporter"]
	if monitored.System || !slices.Equal(monitored.Features, []string{"userClusterMLA"}) || monitored.Repository != "oci://quay.io/kubermatic-mirror/helm-charts" {
		t.Errorf("%+v", monitored)
	}
	if _, ok := applications(t, "v2.30.6", catalog.EE)["node-exporter"]; ok {
		t.Error("KKP 2.30 has no node-exporter in its catalog")
	}
	if got := applications(t, "v2.28.0", catalog.CE)["cilium"].Repository; got != "oci://quay.io/kubermatic/helm-charts" {
		t.Errorf("cilium of KKP 2.28.0 comes from %s", got)
	}
}

// Patch releases add versions, and the default CNI of a release is one of its applications.
func TestApplicationsOfPatchReleases(t *testing.T) {
	has := func(release, version string) bool {
		return slices.ContainsFunc(applications(t, release, catalog.CE)["cilium"].Versions,
			func(v catalog.ApplicationVersion) bool { return v.Version == version })
	}
	if has("v2.30.4", "1.18.10") || !has("v2.30.5", "1.18.10") {
		t.Error("KKP has Cilium 1.18.10 since 2.30.5")
	}
	for _, version := range catalog.Supported() {
		release, err := catalog.Open(version, catalog.CE)
		if err != nil {
			t.Fatal(err)
		}
		if typ, cni := release.DefaultCNI(); typ == "cilium" && !has(version, cni) {
			t.Errorf("%s: no application for the default CNI cilium %s", version, cni)
		}
	}
}

func TestShippedValues(t *testing.T) {
	if got := catalog.ShippedValues("cilium"); len(got) != 1 {
		t.Errorf("%d default values of cilium", len(got))
	}
	if got := catalog.ShippedValues("cluster-autoscaler"); len(got) != 3 {
		t.Errorf("%d default values of cluster-autoscaler", len(got))
	}
}

// The lists of what each release ships say the same as the catalog. The data of KKP has such lists,
// applications-RELEASE-EDITION.json.
func TestApplicationsAreThoseThatKKPShips(t *testing.T) {
	root := filepath.Dir(harness.DataFiles(t, "applications-*.json")[0])
	for _, release := range catalog.Supported() {
		for _, edition := range []catalog.Edition{catalog.CE, catalog.EE} {
			t.Run(release+" "+string(edition), func(t *testing.T) {
				raw, err := os.ReadFile(filepath.Join(root, "applications-"+release+"-"+string(edition)+".json"))
				if err != nil {
					t.Fatal(err)
				}
				compareApplications(t, raw, applications(t, release, edition))
			})
		}
	}
}

func compareApplications(t *testing.T, raw []byte, got map[string]catalog.Application) {
	t.Helper()
	var want []struct{ Source, Component, Version, HelmURL, Chart, ChartVersion, DefaultValues string }
	if err := json.Unmarshal(raw, &want); err != nil {
		t.Fatal(err)
	}
	total := 0
	for _, application := range got {
		total += len(application.Versions)
	}
	if total != len(want) {
		t.Errorf("%d versions, want %d", total, len(want))
	}
	for _, w := range want {
		application := got[w.Component]
		if !slices.Contains(application.Versions, catalog.ApplicationVersion{Version: w.Version, Chart: w.ChartVersion}) ||
			application.Chart != w.Chart || application.Repository != w.HelmURL || application.System != (w.Source == "application-system") {
			t.Errorf("%s %s is not as KKP ships it: %+v", w.Component, w.Version, application)
		}
		images := func(text string) any {
			var values map[string]any
			if err := yaml.Unmarshal([]byte(text), &values); err != nil {
				t.Fatal(err)
			}
			return values["image"]
		}
		if diff := cmp.Diff(images(w.DefaultValues), images(application.Values)); diff != "" {
			t.Errorf("%s: %s", w.Component, diff)
		}
	}
}
