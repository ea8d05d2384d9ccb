package catalog

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func find(images []NeededImage, substring string) []NeededImage {
	var found []NeededImage
	for _, image := range images {
		if strings.Contains(image.Reference, substring) {
			found = append(found, image)
		}
	}
	return found
}

func TestTemplatesTakeAnyKubernetesVersion(t *testing.T) {
	images, unknown := open(t, "v2.31.0", CE).Images(Scope{Clusters: []Cluster{{Kubernetes: "v1.34.42"}}})
	if len(unknown) > 0 {
		t.Errorf("unknown: %v", unknown)
	}
	want := []NeededImage{{
		Reference: "registry.k8s.io/kube-apiserver:v1.34.42", Kind: KindImage, Component: "apiserver", Place: UserCluster,
		Condition: "Kubernetes 1.34.42", OverwriteRegistry: true,
	}}
	if diff := cmp.Diff(want, find(images, "/kube-apiserver:")); diff != "" {
		t.Error(diff)
	}
	if got := find(images, "/proxy-agent:"); len(got) != 1 || got[0].Condition != "Kubernetes 1.34 or 1.35" {
		t.Errorf("per minor: %v", got)
	}
}

func TestKKPTemplateTakesTheVersionAskedFor(t *testing.T) {
	images, _ := open(t, "v2.31.7", EE).Images(Scope{Places: []Place{Master}})
	if got := find(images, "quay.io/kubermatic/kubermatic-ee:v2.31.7"); len(got) != 3 {
		t.Errorf("got %v", got)
	}
	for _, image := range images {
		if image.Place != Master {
			t.Errorf("not on the master: %v", image)
		}
	}
}

func TestUnknownScope(t *testing.T) {
	shapes := []Cluster{{Kubernetes: "1.37.0", Provider: "aws"}, {Kubernetes: "1.34", Provider: "lunar"}, {CNI: "canal v9.9"}}
	images, unknown := open(t, "v2.31.0", CE).Images(Scope{Clusters: shapes})
	var subjects []string
	for _, u := range unknown {
		subjects = append(subjects, u.Subject)
		if u.Reason == "" {
			t.Errorf("no reason: %v", u)
		}
	}
	want := []string{"CNI canal v9.9", "Kubernetes 1.34", "Kubernetes 1.37.0", "provider lunar"}
	if diff := cmp.Diff(want, subjects); diff != "" {
		t.Error(diff)
	}
	if len(find(images, "kube-apiserver:v1.37.0")) != 1 {
		t.Error("template not resolved for an unknown minor")
	}
}

func TestOnlyWhatTheClustersNeed(t *testing.T) {
	release := open(t, "v2.31.0", CE)
	clusters := []Cluster{
		{Kubernetes: "1.34.9", Provider: "aws", CNI: "cilium 1.19.4"},
		{Kubernetes: "1.34.9", Provider: "vsphere", CNI: "canal v3.31"},
	}
	images, unknown := release.Images(Scope{Clusters: clusters})
	if len(unknown) > 0 {
		t.Errorf("unknown: %v", unknown)
	}
	foreign := []string{
		"azure", "openstack", "hetzner", "hcloud", "anexia", "digitalocean", "gcp", "kubevirt", "vmware-cloud-director",
		":v1.33.", ":v1.35.", ":v1.36.", "etcd:3.6", "proxy-server:v0.33", "proxy-server:v0.35",
	}
	for _, part := range foreign {
		for _, image := range find(images, part) {
			t.Errorf("not needed: %s (%s)", image.Reference, image.Condition)
		}
	}
	for _, part := range []string{"kube-apiserver:v1.34.9", "provider-aws/cloud-controller-manager:v1.34.0", "cloud-provider-vsphere:v1.34.0", "machine-controller:"} {
		if len(find(images, part)) == 0 {
			t.Errorf("missing: %s", part)
		}
	}
}

func TestNoClusters(t *testing.T) {
	images, _ := open(t, "v2.31.0", CE).Images(Scope{})
	for _, image := range images {
		if strings.Contains(image.Condition, "Kubernetes") || strings.Contains(image.Condition, "aws") {
			t.Errorf("needs a cluster: %v", image)
		}
	}
	if len(find(images, "kubermatic/etcd-launcher")) == 0 {
		t.Error("what is unconditional is missing")
	}
}

func TestFeaturesNarrow(t *testing.T) {
	release := open(t, "v2.31.0", EE)
	all, _ := release.Images(Everything())
	scope := Everything()
	scope.Features = map[string]bool{"VerticalPodAutoscaler": true, "metering": false}
	some, _ := release.Images(scope)
	if len(find(some, "vpa-updater")) != 1 || len(find(some, "kubermatic/metering")) != 0 || len(find(some, "dashboard-ee")) != 0 {
		t.Error("features are not heeded")
	}
	for _, feature := range release.Features() {
		scope.Features[feature] = true
	}
	every, _ := release.Images(scope)
	if diff := cmp.Diff(all, every); diff != "" {
		t.Error(diff)
	}
}

// machine-controller has the same image under two conditions.
func TestConditionsOfOneImageAreMerged(t *testing.T) {
	images, _ := open(t, "v2.31.0", CE).Images(Everything())
	got := slices.DeleteFunc(find(images, "/machine-controller:"), func(i NeededImage) bool { return i.Component != "machine-controller" })
	if len(got) != 1 || got[0].Condition != "exposeStrategy=LoadBalancer; or not edge" {
		t.Errorf("got %v", got)
	}
}

func TestAComponentInTwoPlaces(t *testing.T) {
	images, _ := open(t, "v2.31.0", CE).Images(Everything())
	type where struct {
		Place             Place
		OverwriteRegistry bool
	}
	places := func(component, substring string) []where {
		var found []where
		for _, image := range find(images, substring) {
			if image.Component == component {
				found = append(found, where{image.Place, image.OverwriteRegistry})
			}
		}
		return found
	}
	if diff := cmp.Diff([]where{{Master, false}, {Seed, false}}, places("kubermatic-webhook", "kubermatic")); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]where{{Seed, false}, {UserCluster, true}}, places("nodeport-proxy-envoy", "envoyproxy")); diff != "" {
		t.Error(diff)
	}
}

func TestEveryReferenceIsResolved(t *testing.T) {
	for _, version := range Supported() {
		for _, edition := range []Edition{CE, EE} {
			images, _ := open(t, version, edition).Images(Everything())
			for _, image := range images {
				if strings.ContainsAny(image.Reference, "{}") || image.Component == "" || image.Place == "" {
					t.Errorf("%s %s: %+v", version, edition, image)
				}
			}
		}
	}
}
