package patch_test

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/kkp"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/patch"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/patch/apply"
)

func TestControlPlaneRestarts(t *testing.T) {
	inst := kkp.Installation{Seeds: []kkp.Seed{{Name: "one", Read: true, Clusters: make([]kkp.Cluster, 3)}, {Name: "two"}}}
	edit := func(field string) []apply.Edit { return []apply.Edit{{Path: apply.ParsePath(field)}} }
	if _, some := patch.ControlPlaneRestarts(inst, edit("spec.ui.dockerRepository")); some {
		t.Error("a field of the dashboard restarts control planes")
	}
	got, some := patch.ControlPlaneRestarts(inst, edit("spec.userCluster.overwriteRegistry"))
	if diff := cmp.Diff(patch.Restarts{Clusters: []string{"", "", ""}, Unread: []string{"two"}}, got); diff != "" || !some {
		t.Errorf("%t (-want +got):\n%s", some, diff)
	}
}

func TestConfiguredObjects(t *testing.T) {
	configuration := &unstructured.Unstructured{Object: map[string]any{
		"apiVersion": "kubermatic.k8c.io/v1", "kind": patch.KindConfiguration, "metadata": map[string]any{"name": "kubermatic", "namespace": "kubermatic"},
		"spec": map[string]any{"userCluster": map[string]any{"systemApplications": map[string]any{"helmRegistryConfigFile": map[string]any{"name": "charts"}}}},
	}}
	inst, err := kkp.FromObjects([]*unstructured.Unstructured{configuration})
	if err != nil {
		t.Fatal(err)
	}
	inst.Seeds = []kkp.Seed{{Name: "one"}}
	want := []patch.Object{{Kind: patch.KindConfiguration, Name: "kubermatic"}, {Kind: patch.KindSeed, Name: "one"}, {Kind: patch.KindSecret, Name: "charts"}}
	if diff := cmp.Diff(want, patch.Configured(inst)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestDatacentersAreNotReverted(t *testing.T) {
	fields := []string{"spec.ui.dockerRepository", "spec.userCluster.overwriteRegistry", "spec.datacenters.a.node.httpProxy", kkp.WithoutDefaultProfiles}
	var reverted []string
	for _, field := range fields {
		if (patch.Selection{Except: []string{"ui"}}).Reverts(apply.ParsePath(field)) {
			reverted = append(reverted, field)
		}
	}
	if !slices.Equal(reverted, fields[1:2]) {
		t.Errorf("got %v", reverted)
	}
}
