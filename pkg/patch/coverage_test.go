package patch

import (
	"slices"
	"testing"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/catalog"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/kkp"
)

func image(t *testing.T, text string, kind images.Kind, reasons ...images.Reason) images.Image {
	t.Helper()
	ref, err := images.ParseRef(text)
	if err != nil {
		t.Fatal(err)
	}
	return images.Image{Ref: ref, Kind: kind, Reasons: reasons}
}

func TestCover(t *testing.T) {
	inst := installation(t, configuration(t, map[string]any{"spec.x": "y"}))
	inst.Applications.Definitions = []kkp.Application{{Name: "cilium", System: true}, {Name: "echo"}}
	release := newRelease(t, "v2.31.0", catalog.CE)
	because := func(source, component string) images.Reason {
		return images.Reason{Source: source, Component: component}
	}
	inv := images.Inventory{Images: []images.Image{
		image(t, "quay.io/kubermatic/dashboard:v2.31.0", "", because("components", "kubermatic-api"), because("running", "kubermatic-api")),
		image(t, "registry.k8s.io/kube-apiserver:v1.34.9", "", because("components", "apiserver")),
		image(t, "quay.io/calico/node:v3", "", because("addons", "canal")),
		image(t, "quay.io/cilium/cilium:v1", "", because("applications", "cilium 1.19.0")),
		image(t, "quay.io/kubermatic-mirror/helm-charts/cilium:1.19.0", images.KindChart, because("applications", "cilium 1.19.0")),
		image(t, "ghcr.io/acme/echo:1", "", because("applications", "echo 1")),
		image(t, "registry.k8s.io/pause:3.10.1", "", because("components", "pause")),
		image(t, "ghcr.io/dexidp/dex:v2", "", because("charts", "dex")),
		image(t, "docker.io/d3fk/s3cmd:1", "", because("configured", "spec.seedController.backupStoreContainer")),
		image(t, "docker.io/library/busybox:1", "", because("running", "toolbox")),
		image(t, "docker.io/library/alpine:3", "", because("configured", "spec.mirrorImages")),
	}}
	options := ConfigOptions{Mirror: newMirror(t, "reg.example.com/kkp"), Release: release}
	plan, err := Config(inst, options)
	if err != nil {
		t.Fatal(err)
	}
	coverage := plan.Cover(inv, inst, release)
	if got := repositories(coverage.Redirected); !slices.Equal(got, []string{
		"quay.io/kubermatic/dashboard", "registry.k8s.io/kube-apiserver", "quay.io/calico/node", "quay.io/cilium/cilium",
		"quay.io/kubermatic-mirror/helm-charts/cilium", "docker.io/library/alpine",
	}) {
		t.Errorf("redirected: %v", got)
	}
	for remedy, want := range map[Remedy]string{
		RemedyHelm: "ghcr.io/dexidp/dex", RemedyBackup: "docker.io/d3fk/s3cmd", RemedyRuntime: "docker.io/library/busybox",
	} {
		if left := coverage.Left[remedy]; len(left) != 1 || left[0].Name() != want {
			t.Errorf("%s: got %v", remedy, left)
		}
	}
	if left := coverage.Left[RemedyNodes]; len(left) != 2 {
		t.Errorf("nodes: got %v", left)
	}
	options.Selection = Selection{Only: []string{"api"}}
	if plan, err = Config(inst, options); err != nil {
		t.Fatal(err)
	}
	if got := repositories(plan.Cover(inv, inst, release).Redirected); !slices.Equal(got, []string{"quay.io/kubermatic/dashboard"}) {
		t.Errorf("with one field: %v", got)
	}
}

// TestCoverOfNodePortProxies is about envoy, which a Seed pulls from where its field says, and user clusters with load balancers
// of their own with overwriteRegistry in front of that.
func TestCoverOfNodePortProxies(t *testing.T) {
	inst := installation(t, configuration(t, map[string]any{"spec.userCluster.overwriteRegistry": "other.example.com"}))
	inst.Seeds = []kkp.Seed{{Name: "frankfurt", ExposeStrategy: "LoadBalancer"}, {Name: "hamburg"}}
	release := newRelease(t, "v2.31.0", catalog.CE)
	inv := images.Inventory{Images: []images.Image{image(t, "docker.io/envoyproxy/envoy:distroless-v1.37.0", "",
		images.Reason{Source: "components", Component: "nodeport-proxy-envoy", Cluster: "frankfurt"},
		images.Reason{Source: "components", Component: "nodeport-proxy-envoy", Cluster: "frankfurt", Condition: "exposeStrategy=LoadBalancer"},
		images.Reason{Source: "components", Component: "nodeport-proxy-envoy", Cluster: "hamburg"},
	)}}
	cover := func(except ...string) Coverage {
		plan, err := Config(inst, ConfigOptions{Mirror: newMirror(t, "reg.example.com/kkp"), Release: release, Selection: Selection{Except: except}})
		if err != nil {
			t.Fatal(err)
		}
		return plan.Cover(inv, inst, release)
	}
	coverage := cover()
	if len(coverage.Left) > 0 || len(coverage.Redirected.Images) != 1 || !slices.Equal(coverage.Redirected.Images[0].Also, []string{"{prefix}/envoyproxy/envoy"}) {
		t.Errorf("both places are to be checked: %+v", coverage)
	}
	if len(inv.Images[0].Also) > 0 {
		t.Error("the inventory was changed")
	}
	// Hamburg's envoy is redirected, Frankfurt's is not.
	if coverage = cover("userCluster.overwriteRegistry"); len(coverage.Left[RemedyNodes])+len(coverage.Left[RemedyRuntime]) == 0 {
		t.Errorf("an envoy still comes from upstream: %+v", coverage)
	}
	// overwriteRegistry alone redirects those of user clusters, but no Seed's own.
	inv.Images[0].Reasons = inv.Images[0].Reasons[:1]
	if coverage = cover("nodeportProxy"); len(coverage.Redirected.Images) > 0 || len(coverage.Left[RemedyRuntime]) != 1 {
		t.Errorf("the Seed's own envoy still comes from upstream: %+v", coverage)
	}
}

func repositories(inv images.Inventory) []string {
	var names []string
	for _, img := range inv.Images {
		names = append(names, img.Ref.Name())
	}
	return names
}
