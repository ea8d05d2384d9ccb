package kkp

import (
	"cmp"
	"maps"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// Seed is a Seed (kubermatic.k8c.io/v1), with the parts of its cluster.
type Seed struct {
	Namespace   string
	Name        string
	Datacenters []Datacenter // sorted by name
	Kubeconfig  SecretKey
	Clusters    []Cluster
	Pods        []Pod
	Releases    []HelmRelease // none if the cluster of the Seed is the master: then they are in Installation
	API         API
	Profiles    []Profile // CustomOperatingSystemProfiles
	Read        bool      // whether Clusters was read from the API; false with an error and with files

	MLA            bool   // spec.mla.userClusterMLAEnabled
	Metering       bool   // spec.metering.enabled
	ExposeStrategy string // spec.exposeStrategy; "": the strategy of the configuration

	object           fields
	master           bool        // whether its cluster is the master
	installed        []Installed // applications in its user clusters
	installedUnknown error       // error of reading installed
	access           []Access    // to the Seed, then to its user clusters
}

// Balanced tells whether user clusters of a Seed are exposed by load balancers of their own:
// those that there are, or new ones. An installation without Seeds asks with an empty one.
func (inst Installation) Balanced(seed Seed) bool {
	const balanced = "LoadBalancer"
	for _, cluster := range seed.Clusters {
		if cluster.ExposeStrategy == balanced {
			return true
		}
	}
	return cmp.Or(seed.ExposeStrategy, inst.Configuration.Spec.ExposeStrategy) == balanced
}

// SecretKey is a key of a Secret.
type SecretKey struct {
	Namespace string
	Name      string
	Key       string
}

// Datacenter is an entry of spec.datacenters.
type Datacenter struct {
	Name       string
	Provider   string            // "" without a known provider
	PauseImage string            // node.pauseImage: image of the pod sandboxes; "": containerd's default
	Profiles   map[string]string // of new machines, by operating system: "ubuntu": "osp-ubuntu-mirror"
	DiskImages []string          // KubeVirt virtual machine disks that are container images
	Insecure   []string          // node.insecureRegistries: hosts whose certificates its nodes do not verify, or that speak plain HTTP to them
}

// Field returns the text of a field by its path, or "" if it is not set.
func (s Seed) Field(path string) string { return s.object.text(path) }

// Providers returns the providers of the Seed's datacenters, each once, sorted.
func (s Seed) Providers() []string {
	set := map[string]bool{}
	for _, dc := range s.Datacenters {
		if dc.Provider != "" {
			set[dc.Provider] = true
		}
	}
	return slices.Sorted(maps.Keys(set))
}

// providerKeys returns the keys for providers in the spec of a datacenter or cluster (kubermatic
// pkg/provider helper, v2.31.0). Other keys, such as requiredEmails, are settings.
func providerKeys() []string {
	return []string{
		"digitalocean", "bringyourown", "baremetal", "edge", "aws", "azure", "openstack", "packet", "hetzner",
		"vsphere", "vmwareclouddirector", "gcp", "kubevirt", "alibaba", "anexia", "nutanix", "fake",
	}
}

// providerOf returns the provider whose key is set in a spec.
func providerOf(spec map[string]any) string {
	for _, key := range providerKeys() {
		if _, ok := spec[key]; ok {
			return key
		}
	}
	return ""
}

// seedView is the part of a Seed that is read.
type seedView struct {
	Spec struct {
		ExposeStrategy string `json:"exposeStrategy"`
		Kubeconfig     struct {
			Namespace string `json:"namespace"`
			Name      string `json:"name"`
			FieldPath string `json:"fieldPath"`
		} `json:"kubeconfig"`
		Datacenters map[string]datacenterView `json:"datacenters"`
		MLA         *struct {
			Enabled bool `json:"userClusterMLAEnabled"`
		} `json:"mla"`
		Metering *struct {
			Enabled bool `json:"enabled"`
		} `json:"metering"`
	} `json:"spec"`
}

// datacenterView is the part of a datacenter that is read.
type datacenterView struct {
	Node *struct {
		PauseImage string   `json:"pauseImage"`
		Insecure   []string `json:"insecureRegistries"`
	} `json:"node"`
	Spec map[string]any `json:"spec"`
}

// datacenter returns the Datacenter of a view. A disk with the location docker://REFERENCE is a
// container image; other locations are URLs of files.
func (v datacenterView) datacenter(name string) Datacenter {
	dc := Datacenter{Name: name, Provider: providerOf(v.Spec)}
	if v.Node != nil {
		dc.PauseImage, dc.Insecure = v.Node.PauseImage, v.Node.Insecure
	}
	dc.Profiles, _, _ = unstructured.NestedStringMap(v.Spec, "operatingSystemProfiles")
	systems, _, _ := unstructured.NestedMap(v.Spec, "kubevirt", "images", "http", "operatingSystems")
	for _, versions := range systems {
		locations, _ := versions.(map[string]any)
		for _, location := range locations {
			text, _ := location.(string)
			if reference, ok := strings.CutPrefix(text, "docker://"); ok {
				dc.DiskImages = append(dc.DiskImages, reference)
			}
		}
	}
	slices.Sort(dc.DiskImages)
	return dc
}

// SeedFrom returns the Seed in an object, without the parts of its cluster.
func SeedFrom(obj *unstructured.Unstructured) (Seed, error) {
	var view seedView
	err := decode(obj, &view)
	seed := Seed{
		Namespace: obj.GetNamespace(), Name: obj.GetName(), object: obj.Object,
		ExposeStrategy: view.Spec.ExposeStrategy,
		MLA:            view.Spec.MLA != nil && view.Spec.MLA.Enabled,
		Metering:       view.Spec.Metering != nil && view.Spec.Metering.Enabled,
		Kubeconfig: SecretKey{ // kubermatic pkg/provider/kubernetes/seed.go, v2.31.0
			Namespace: cmp.Or(view.Spec.Kubeconfig.Namespace, obj.GetNamespace()),
			Name:      view.Spec.Kubeconfig.Name,
			Key:       cmp.Or(view.Spec.Kubeconfig.FieldPath, "kubeconfig"),
		},
	}
	for _, name := range slices.Sorted(maps.Keys(view.Spec.Datacenters)) {
		seed.Datacenters = append(seed.Datacenters, view.Spec.Datacenters[name].datacenter(name))
	}
	return seed, err
}
