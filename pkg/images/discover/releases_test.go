package discover_test

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/catalog"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/discover"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/kkp"
	"github.com/kkp-mirror/kubectl-kkp_mirror/test/harness"
)

// examples are configurations before anything is installed: one without and one with Seeds and a cluster and, where
// the data of KKP has a directory examples, those there.
func examples(t *testing.T) map[string]kkp.Installation {
	t.Helper()
	found := map[string]kkp.Installation{
		"plain":      fromFiles(t, strings.Replace(configuration, "  versions: {default: v1.34.9, versions: [v1.34.9]}", "  ingress: {domain: kkp.example.org}", 1)),
		"with Seeds": fromFiles(t, configuration+"  applications: {defaultApplicationCatalog: {enable: true}}", seed, clusterWith("cilium 1.16.9")),
	}
	files, err := filepath.Glob(filepath.Join(harness.Data(t), "examples", "kubermatic*.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		texts := make([]string, 0, 2)
		for _, name := range []string{file, filepath.Join(filepath.Dir(file), "seeds.yaml")} {
			text, err := os.ReadFile(name)
			if err != nil {
				t.Fatal(err)
			}
			texts = append(texts, string(text))
		}
		found[filepath.Base(file)] = fromFiles(t, texts[0])
		found[filepath.Base(file)+" with Seeds"] = fromFiles(t, texts...)
	}
	return found
}

// In each release and edition, what is listed before anything is installed has the default CNI of a new cluster and,
// with everything, each version of each application; and no source is silent.
func TestEveryRelease(t *testing.T) {
	addons := discover.AddonSource{Dir: fstest.MapFS{"rbac/a.yaml": {Data: []byte("{apiVersion: v1, kind: Pod, spec: {containers: [{image: alpine}]}}")}}}
	reader := &charts{bundled: []discover.Chart{chart("dex", "dex")}}
	configurations, supported := examples(t), catalog.Supported()
	for i, version := range supported {
		newest := i+1 == len(supported) || !strings.HasPrefix(supported[i+1], version[:strings.LastIndex(version, ".")+1])
		for _, edition := range []catalog.Edition{catalog.CE, catalog.EE} {
			release := open(t, version, edition)
			for name, inst := range configurations {
				if !newest && name != "with Seeds" {
					continue // patch releases differ in data, not in rules
				}
				t.Run(name+" "+version+" "+string(edition), func(t *testing.T) {
					some := discover.Inventory(t.Context(), inst, release, upstream(discover.Options{Charts: reader, Addons: addons}))
					everything := discover.Inventory(t.Context(), inst, release, upstream(discover.Options{Charts: reader, Addons: addons, All: true}))
					checkSources(t, some.Inventory)
					checkSources(t, everything.Inventory)
					checkShipped(t, release, names(some.Inventory), names(everything.Inventory))
				})
			}
		}
	}
}

func checkSources(t *testing.T, inv images.Inventory) {
	t.Helper()
	for _, from := range inv.Sources {
		gap := slices.ContainsFunc(inv.Gaps, func(gap images.Gap) bool { return gap.Source == from.Source })
		if from.Images == 0 && from.Note == "" && !gap {
			t.Errorf("the source %s is silent", from.Source)
		}
	}
	if len(inv.Sources) != len(discover.Sources()) {
		t.Errorf("the sources are %v", inv.Sources)
	}
}

func checkShipped(t *testing.T, release *catalog.Release, some, everything []string) {
	t.Helper()
	_, cni := release.DefaultCNI()
	for _, app := range release.Applications() {
		for _, version := range app.Versions {
			ref := strings.TrimPrefix(app.Repository, "oci://") + "/" + app.Chart + ":" + version.Chart
			if !slices.Contains(everything, ref) {
				t.Errorf("with everything, %s is missing", ref)
			}
			needed := app.Name == "cluster-autoscaler" || app.Name == "cilium" && version.Version == cni
			if needed && !slices.Contains(some, ref) {
				t.Errorf("%s is missing", ref)
			}
		}
	}
}
