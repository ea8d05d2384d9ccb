package sample

import (
	"io/fs"
	"path"
	"strings"
	"testing"

	"github.com/distribution/reference"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

func TestManifestsAreComplete(t *testing.T) {
	names, err := fs.Glob(manifests, "manifests/*.yaml")
	if err != nil {
		t.Fatal(err)
	}
	for _, release := range Releases() {
		for _, name := range names {
			objects, err := release.read(path.Base(name))
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
}

func TestReleases(t *testing.T) {
	for minor, want := range map[string]string{"2.28": "v2.28.13", "2.30": "v2.30.6", "2.31": "v2.31.0"} {
		release, err := ReleaseOf(minor)
		if err != nil || release.Version != want || release.Minor() != minor {
			t.Errorf("%s: %s of %s, %v", minor, release.Version, release.Minor(), err)
		}
	}
	_, err := ReleaseOf("2.27")
	if err == nil || !strings.Contains(err.Error(), "2.31, 2.30 and 2.28") {
		t.Errorf("an unknown release: %v", err)
	}
	if _, err := v231().expand("${kkp} ${nothing}"); err == nil {
		t.Error("an unknown name was expanded")
	}
}

// Only where KKP knows settings of one cluster for the container runtime is there a cluster that has some.
func TestContainerRuntimeOpts(t *testing.T) {
	for _, release := range Releases() {
		objects, err := release.read("clusters-frankfurt.yaml")
		if err != nil {
			t.Fatal(err)
		}
		with := 0
		for _, object := range objects {
			if _, found, _ := unstructured.NestedMap(object.Object, "spec", "containerRuntimeOpts"); found {
				with++
			}
		}
		if want := map[string]int{"2.30": 1, "2.31": 1}[release.Minor()]; with != want {
			t.Errorf("KKP %s: %d clusters with settings of their own, want %d", release.Version, with, want)
		}
	}
}

// A pod's image is pulled by its reference, so each must be complete: nothing is left to defaults.
func TestWorkloadsHaveFullReferences(t *testing.T) {
	for _, release := range Releases() {
		workloads := append(release.masterWorkloads([]string{MasterSeed, RemoteSeed}), release.seedWorkloads()...)
		for _, file := range []string{"clusters-hamburg.yaml", "clusters-frankfurt.yaml"} {
			workloads = append(workloads, workloadsOf(t, release, file)...)
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
}

// workloadsOf returns the control planes of the clusters in a file.
func workloadsOf(t *testing.T, release Release, file string) []workload {
	t.Helper()
	objects, err := release.read(file)
	if err != nil {
		t.Fatal(err)
	}
	var workloads []workload
	for _, object := range objects {
		cluster, err := newUserCluster(object)
		if err != nil {
			t.Fatal(err)
		}
		own, err := release.clusterWorkloads(cluster)
		if err != nil {
			t.Fatal(err)
		}
		workloads = append(workloads, own...)
	}

	return workloads
}

func TestCloudControllerFollowsProvider(t *testing.T) {
	for provider, want := range map[string]string{
		"aws":          "registry.k8s.io/provider-aws/cloud-controller-manager:v1.35.2",
		"bringyourown": "",
		"vsphere":      "registry.k8s.io/cloud-pv-vsphere/cloud-provider-vsphere:v1.35.1",
	} {
		workloads, err := v231().clusterWorkloads(userCluster{version: "1.35.7", provider: provider})
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

	if _, err := v231().clusterWorkloads(userCluster{version: "1.20.0"}); err == nil {
		t.Error("an unknown version has images")
	}
}
