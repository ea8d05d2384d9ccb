package sample

import (
	"io/fs"
	"path"
	"testing"

	"github.com/distribution/reference"
)

func TestManifestsAreComplete(t *testing.T) {
	names, err := fs.Glob(manifests, "manifests/*.yaml")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range names {
		objects, err := read(path.Base(name))
		if err != nil {
			t.Fatal(err)
		}
		if len(objects) == 0 {
			t.Errorf("%s is empty", name)
		}
		for _, object := range objects {
			if object.GetAPIVersion() == "" || object.GetKind() == "" || object.GetName() == "" {
				t.Errorf("%s: incomplete object %s", name, describe(object))
			}
		}
	}
}

// A pod's image is pulled by its reference, so each must be complete: nothing is left to defaults.
func TestWorkloadsHaveFullReferences(t *testing.T) {
	workloads := append(masterWorkloads([]string{MasterSeed, RemoteSeed}), seedWorkloads()...)
	for _, file := range []string{"clusters-hamburg.yaml", "clusters-frankfurt.yaml"} {
		objects, err := read(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, object := range objects {
			cluster, err := newUserCluster(object)
			if err != nil {
				t.Fatal(err)
			}
			own, err := clusterWorkloads(cluster)
			if err != nil {
				t.Fatal(err)
			}
			workloads = append(workloads, own...)
		}
	}

	for _, workload := range workloads {
		for _, container := range append(workload.init, workload.containers...) {
			named, err := reference.ParseNamed(container.image)
			if err != nil || reference.IsNameOnly(named) {
				t.Errorf("%s: image %q of %s: %v", workload.name, container.image, container.name, err)
			}
		}
	}
}

func TestCloudControllerFollowsProvider(t *testing.T) {
	for provider, want := range map[string]string{
		"aws":          "registry.k8s.io/provider-aws/cloud-controller-manager:v1.35.2",
		"bringyourown": "",
		"vsphere":      "registry.k8s.io/cloud-pv-vsphere/cloud-provider-vsphere:v1.35.1",
	} {
		workloads, err := clusterWorkloads(userCluster{version: "1.35.7", provider: provider})
		if err != nil {
			t.Fatal(err)
		}
		got := ""
		for _, workload := range workloads {
			if workload.name == provider+"-cloud-controller-manager" {
				got = workload.containers[0].image
			}
		}
		if got != want {
			t.Errorf("%s: %q, want %q", provider, got, want)
		}
	}

	if _, err := clusterWorkloads(userCluster{version: "1.20.0"}); err == nil {
		t.Error("an unknown version has images")
	}
}
