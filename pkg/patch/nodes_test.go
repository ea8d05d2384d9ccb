package patch_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/kkp"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/patch"
)

func twoSeeds() kkp.Installation {
	return kkp.Installation{Seeds: []kkp.Seed{
		{
			Name:        "frankfurt",
			Datacenters: []kkp.Datacenter{{Name: "aws-eu", Provider: "aws"}, {Name: "shared", Provider: "kubevirt", PauseImage: "k8s.gcr.io/pause:3.5"}},
			Clusters:    []kkp.Cluster{{Name: "a", Datacenter: "aws-eu", PodBlocks: []string{"172.25.0.0/16"}}, {Name: "b", Datacenter: "shared"}},
		},
		{Name: "hamburg", Datacenters: []kkp.Datacenter{{Name: "shared", Provider: "vsphere"}}},
	}}
}

func names(datacenters []patch.SeedDatacenter) string {
	var all []string
	for _, dc := range datacenters {
		text := dc.Seed.Name + "/" + dc.Name
		for _, cluster := range dc.Clusters {
			text += "+" + cluster.Name
		}
		all = append(all, text)
	}
	return strings.Join(all, " ")
}

func TestDatacentersAreChosen(t *testing.T) {
	for _, c := range []struct {
		choice    patch.DatacenterChoice
		want, err string
	}{
		{patch.DatacenterChoice{Name: "aws-eu"}, "frankfurt/aws-eu+a", ""},
		{patch.DatacenterChoice{Name: "shared"}, "", "frankfurt, hamburg"},
		{patch.DatacenterChoice{Name: "shared", Seed: "hamburg"}, "hamburg/shared", ""},
		{patch.DatacenterChoice{All: true}, "frankfurt/aws-eu+a frankfurt/shared+b hamburg/shared", ""},
		{patch.DatacenterChoice{All: true, Seed: "frankfurt"}, "frankfurt/aws-eu+a frankfurt/shared+b", ""},
		{patch.DatacenterChoice{Name: "gone"}, "", "aws-eu, shared, shared"},
		{patch.DatacenterChoice{All: true, Seed: "gone"}, "", "Seed gone"},
	} {
		got, err := patch.Datacenters(twoSeeds(), c.choice)
		if names(got) != c.want || (err != nil) != (c.err != "") || err != nil && !strings.Contains(err.Error(), c.err) {
			t.Errorf("%+v: got %s, %v", c.choice, names(got), err)
		}
	}
	all, err := patch.Datacenters(twoSeeds(), patch.DatacenterChoice{All: true})
	groups := patch.BySeed(all)
	if err != nil || len(groups) != 2 || names(groups[0]) != "frankfurt/aws-eu+a frankfurt/shared+b" || names(groups[1]) != "hamburg/shared" {
		t.Errorf("by Seed: %v, %v", groups, err)
	}
	if field := append(patch.DatacenterPath("shared"), "node"); !patch.InDatacenters(groups[1], field) || patch.InDatacenters(groups[0][:1], field) {
		t.Error("fields are given to the wrong datacenters")
	}
}

// nodePlan plans the settings of the nodes with a mirror that has a pause image.
func nodePlan(t *testing.T, settings patch.NodeSettings) patch.NodePlan {
	t.Helper()
	pause, err := images.ParseRef("registry.k8s.io/pause:3.10.1")
	if err != nil {
		t.Fatal(err)
	}
	target, err := images.ParseTarget("reg.example.com:5000/kkp")
	if err != nil {
		t.Fatal(err)
	}
	plan, err := patch.Nodes(twoSeeds(), patch.NodeOptions{
		Settings: settings, Mirror: patch.Mirror{Target: target}, Needed: images.Inventory{Images: []images.Image{{Ref: pause}}}, Version: "v2.31.0",
	})
	if err != nil {
		t.Fatal(err)
	}
	return plan
}

// TestNodesByProvider gives the registry of the CSI driver to KubeVirt only, and keeps a pause
// image that is set.
func TestNodesByProvider(t *testing.T) {
	given := patch.NodeSettings{
		HTTPProxy: "http://proxy:1", NoProxy: []string{"first", patch.NoProxyAuto, "last"}, InsecureRegistries: []string{"other:1"},
		ContainerdMirrors: map[string][]string{"registry.k8s.io": {"https://given"}},
	}
	plan := nodePlan(t, given)
	all, err := patch.Datacenters(twoSeeds(), patch.DatacenterChoice{All: true})
	if err != nil {
		t.Fatal(err)
	}
	want := patch.NodeSettings{
		HTTPProxy: "http://proxy:1", InsecureRegistries: []string{"other:1"},
		NoProxy:           []string{"first", "localhost", "127.0.0.1", "169.254.20.10", ".svc", "172.25.0.0/16", "reg.example.com", "other", "last"},
		ContainerdMirrors: map[string][]string{"registry.k8s.io": {"https://given", "https://reg.example.com:5000/v2/kkp?kubermatic=override_path%3Dtrue"}},
		PauseImage:        "reg.example.com:5000/kkp/pause:3.10.1",
	}
	if diff := cmp.Diff(want, plan.Settings(all[0])); diff != "" {
		t.Errorf("aws (-want +got):\n%s", diff)
	}
	if got := plan.Settings(all[1]); got.CSIRegistry != "reg.example.com:5000/kkp" || got.PauseImage != "reg.example.com:5000/kkp/pause:3.5" {
		t.Errorf("kubevirt: got %+v", got)
	}
	if len(given.ContainerdMirrors["registry.k8s.io"]) != 1 {
		t.Error("the given settings were changed")
	}
}

func TestLackingNoProxy(t *testing.T) {
	all, err := patch.Datacenters(twoSeeds(), patch.DatacenterChoice{Name: "aws-eu"})
	if err != nil {
		t.Fatal(err)
	}
	seed := func(node map[string]any) *unstructured.Unstructured {
		return &unstructured.Unstructured{Object: map[string]any{"spec": map[string]any{"datacenters": map[string]any{"aws-eu": map[string]any{"node": node}}}}}
	}
	proxy := patch.NodeSettings{HTTPProxy: "http://proxy:1"}
	if got := nodePlan(t, proxy).LackingNoProxy(seed(nil), all[0]); !strings.Contains(strings.Join(got, ","), "172.25.0.0/16") {
		t.Errorf("got %v", got)
	}
	if got := nodePlan(t, proxy).LackingNoProxy(seed(map[string]any{"noProxy": "x"}), all[0]); got != nil {
		t.Errorf("with a noProxy: got %v", got)
	}
	if got := nodePlan(t, patch.NodeSettings{}).LackingNoProxy(seed(nil), all[0]); got != nil {
		t.Errorf("without a proxy: got %v", got)
	}
}

func TestPrecedence(t *testing.T) {
	cluster := kkp.Cluster{RuntimeOptions: true, Proxy: true}
	if got := (patch.NodeSettings{}).Precedence(cluster); len(got) != 1 || !strings.Contains(got[0], "containerRuntimeOpts") {
		t.Errorf("got %v", got)
	}
	if got := (patch.NodeSettings{NoProxy: []string{"x"}}).Precedence(cluster); len(got) != 2 {
		t.Errorf("with noProxy: got %v", got)
	}
}
