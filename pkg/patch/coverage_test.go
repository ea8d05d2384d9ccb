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

func repositories(inv images.Inventory) []string {
	var names []string
	for _, img := range inv.Images {
		names = append(names, img.Ref.Name())
	}
	return names
}
