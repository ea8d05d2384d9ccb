package kkp

import (
	"cmp"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// Cluster is a user cluster: a Cluster (kubermatic.k8c.io/v1) on a Seed.
type Cluster struct {
	Name           string
	Namespace      string // namespace of its control plane on the Seed
	Datacenter     string
	Provider       string
	Versions       []string // Kubernetes versions of its components, without "v"; several during an upgrade
	CNI            string   // "canal v3.31", "" if not set
	ExposeStrategy string   // "": the strategy of the Seed
	Konnectivity   bool     // false: the control plane uses OpenVPN
	CSIMigration   bool     // volumes of an in-tree driver are migrated to CSI
	Addons         []Addon
	Setup          *NodeSetup // nil: not requested
	PodUse         *PodUse    // what pods in the user cluster itself name; nil: not requested
	Paused         bool       // spec.pause: KKP changes nothing in the cluster
	Unhealthy      []string   // components without which KKP copies no profiles, and that are not up, by their names in status.extendedHealth

	PodBlocks      []string // CIDR blocks
	ServiceBlocks  []string
	DNSDomain      string // "cluster.local"
	RuntimeOptions bool   // spec.containerRuntimeOpts is set, which overrides the containerd mirrors of the datacenter
	Proxy          bool   // the cluster has its own proxy settings for nodes

	RuntimeMirrors map[string][]string // containerd mirrors in spec.containerRuntimeOpts: URLs by registry

	PullSecret SecretKey // pull secret of its nodes, in the user cluster; an empty name: none
}

// clusterView is the part of a Cluster that is read.
type clusterView struct {
	header
	Spec struct {
		Version        string         `json:"version"`
		Pause          bool           `json:"pause"`
		ExposeStrategy string         `json:"exposeStrategy"`
		Cloud          map[string]any `json:"cloud"`
		PullSecret     struct {
			Name      string `json:"name"`
			Namespace string `json:"namespace"`
		} `json:"imagePullSecret"`
		CNIPlugin *struct {
			Type    string `json:"type"`
			Version string `json:"version"`
		} `json:"cniPlugin"`
		ClusterNetwork struct {
			KonnectivityEnabled bool   `json:"konnectivityEnabled"`
			DNSDomain           string `json:"dnsDomain"`
			Pods                blocks `json:"pods"`
			Services            blocks `json:"services"`
		} `json:"clusterNetwork"`
		ContainerRuntimeOpts *struct { // since KKP 2.29
			ContainerdRegistryMirrors struct {
				Registries map[string]struct {
					Mirrors []string `json:"mirrors"`
				} `json:"registries"`
			} `json:"containerdRegistryMirrors"`
		} `json:"containerRuntimeOpts"`
		ComponentsOverride struct {
			OperatingSystemManager struct {
				Proxy struct {
					HTTPProxy *string `json:"httpProxy"`
					NoProxy   *string `json:"noProxy"`
				} `json:"proxy"`
			} `json:"operatingSystemManager"`
		} `json:"componentsOverride"`
	} `json:"spec"`
	Status struct {
		NamespaceName string `json:"namespaceName"`
		Conditions    map[string]struct {
			Status string `json:"status"`
		} `json:"conditions"`
		ExtendedHealth map[string]string `json:"extendedHealth"`
		Versions       struct {
			ControlPlane      string `json:"controlPlane"`
			Apiserver         string `json:"apiserver"`
			ControllerManager string `json:"controllerManager"`
			Scheduler         string `json:"scheduler"`
		} `json:"versions"`
	} `json:"status"`
}

// blocks are address ranges.
type blocks struct {
	CIDRBlocks []string `json:"cidrBlocks"`
}

func clusterFrom(obj *unstructured.Unstructured) (Cluster, error) {
	var view clusterView
	err := decode(obj, &view)
	return view.cluster(), err
}

func (v clusterView) cluster() Cluster {
	spec, status := v.Spec, v.Status
	cluster := Cluster{
		Name:           v.Metadata.Name,
		Namespace:      cmp.Or(status.NamespaceName, "cluster-"+v.Metadata.Name),
		ExposeStrategy: spec.ExposeStrategy,
		Konnectivity:   spec.ClusterNetwork.KonnectivityEnabled,
		Provider:       providerOf(spec.Cloud),
		Versions: distinctVersions(spec.Version, status.Versions.ControlPlane, status.Versions.Apiserver,
			status.Versions.ControllerManager, status.Versions.Scheduler),
	}
	network, proxy := spec.ClusterNetwork, spec.ComponentsOverride.OperatingSystemManager.Proxy
	cluster.PodBlocks, cluster.ServiceBlocks, cluster.DNSDomain = network.Pods.CIDRBlocks, network.Services.CIDRBlocks, network.DNSDomain
	cluster.PullSecret = SecretKey{Namespace: spec.PullSecret.Namespace, Name: spec.PullSecret.Name}
	cluster.Paused, cluster.Unhealthy = spec.Pause, unhealthy(status.ExtendedHealth)
	if options := spec.ContainerRuntimeOpts; options != nil {
		cluster.RuntimeOptions, cluster.RuntimeMirrors = true, map[string][]string{}
		for registry, own := range options.ContainerdRegistryMirrors.Registries {
			cluster.RuntimeMirrors[registry] = own.Mirrors
		}
	}
	cluster.Proxy = proxy.HTTPProxy != nil || proxy.NoProxy != nil
	// kubermatic pkg/addon/types.go, v2.31.0
	_, needed := v.Metadata.Annotations["csi-migration.k8c.io/migration-needed"]
	cluster.CSIMigration = needed || status.Conditions["CSIKubeletMigrationCompleted"].Status == "True"
	cluster.Datacenter, _, _ = unstructured.NestedString(spec.Cloud, "dc")
	if cluster.Provider == "" {
		cluster.Provider, _, _ = unstructured.NestedString(spec.Cloud, "providerName")
	}
	if spec.CNIPlugin != nil {
		cluster.CNI = strings.TrimSpace(spec.CNIPlugin.Type + " " + spec.CNIPlugin.Version)
	}
	return cluster
}

// unhealthy returns the components of a control plane that are not reported to be up, among those
// that decide whether KKP copies profiles into a cluster: ExtendedClusterHealth.ControlPlaneHealthy
// (kubermatic sdk/apis/kubermatic/v1/cluster.go, v2.28.0 and v2.31.0), which syncableCluster and
// the initial reconciler ask (pkg/controller/seed-controller-manager/operating-system-profile-synchronizer).
// A component without a status is not up. Other components, such as the machine-controller, do not
// count.
func unhealthy(health map[string]string) []string {
	var down []string
	for _, component := range []string{"apiserver", "controller", "etcd", "scheduler"} {
		if health[component] != "HealthStatusUp" {
			down = append(down, component)
		}
	}
	return down
}

// distinctVersions returns the versions that are set, each once, without "v".
func distinctVersions(versions ...string) []string {
	var distinct []string
	for _, v := range versions {
		v = strings.TrimPrefix(v, "v")
		if v != "" && !slices.Contains(distinct, v) {
			distinct = append(distinct, v)
		}
	}
	return distinct
}
