package sample

import (
	"fmt"
	"strings"
)

// Version is the KKP release of the sample, in the Community Edition. The images are the ones of this release.
const Version = "v2.31.0"

const (
	kubermatic    = "quay.io/kubermatic/kubermatic:" + Version
	dashboard     = "quay.io/kubermatic/dashboard:" + Version
	addons        = "quay.io/kubermatic/addons:" + Version
	nodeportProxy = "quay.io/kubermatic/nodeport-proxy:" + Version
	etcdLauncher  = "quay.io/kubermatic/etcd-launcher:" + Version
	httpProber    = "quay.io/kubermatic/http-prober:v0.5.1"
	machines      = "quay.io/kubermatic/machine-controller:v1.66.2"
	osManager     = "quay.io/kubermatic/operating-system-manager:v1.11.3"
	util          = "quay.io/kubermatic/util:2.9.0"
	envoy         = "docker.io/envoyproxy/envoy:distroless-v1.37.0"
)

// masterWorkloads are KKP's own on the master; seeds are the names of all Seeds.
func masterWorkloads(seeds []string) []workload {
	workloads := []workload{
		simple("kubermatic-operator", "operator", kubermatic),
		simple("kubermatic-master-controller-manager", "controller-manager", kubermatic),
		simple("kubermatic-api", "api", dashboard),
		simple("kubermatic-dashboard", "webserver", dashboard),
	}
	for _, seed := range seeds {
		workloads = append(workloads, simple("seed-proxy-"+seed, "proxy", util))
	}

	return workloads
}

// seedWorkloads are KKP's own on every seed.
func seedWorkloads() []workload {
	return []workload{
		simple("kubermatic-webhook", "webhook", kubermatic),
		{
			name:       "kubermatic-seed-controller-manager",
			init:       []container{{"copy-addons", addons}},
			containers: []container{{"controller-manager", kubermatic}},
		},
		{
			name:       "nodeport-proxy-envoy",
			init:       []container{{"copy-envoy-config", nodeportProxy}},
			containers: []container{{"envoy-manager", nodeportProxy}, {"envoy", envoy}},
		},
		simple("nodeport-proxy-updater", "lb-updater", nodeportProxy),
	}
}

// clusterWorkloads are the control plane of a user cluster.
func clusterWorkloads(cluster userCluster) ([]workload, error) {
	versioned, err := imagesFor(cluster.version)
	if err != nil {
		return nil, err
	}

	workloads := []workload{
		{
			name:       "apiserver",
			init:       []container{{"etcd-running", etcdLauncher}},
			containers: []container{{"apiserver", controlPlaneImage("apiserver", cluster)}, {"konnectivity-server", versioned.proxyServer}},
		},
		{
			name: "etcd", stateful: true,
			init:       []container{{"etcd-launcher", etcdLauncher}},
			containers: []container{{"etcd", versioned.etcd}},
		},
		waiting("controller-manager", controlPlaneImage("controller-manager", cluster)),
		waiting("scheduler", controlPlaneImage("scheduler", cluster)),
		waiting("usercluster-controller", kubermatic),
		waiting("usercluster-webhook", kubermatic),
		waiting("machine-controller", machines),
		waiting("machine-controller-webhook", machines),
		waiting("operating-system-manager", osManager),
		waiting("operating-system-manager-webhook", osManager),
		waiting("kubernetes-dashboard", "docker.io/kubernetesui/dashboard:v2.7.0"),
		waiting("kube-state-metrics", "registry.k8s.io/kube-state-metrics/kube-state-metrics:v2.12.0"),
		{name: "prometheus", stateful: true, containers: []container{{"prometheus", "quay.io/prometheus/prometheus:v2.51.1"}}},
	}
	if image := versioned.cloudController[cluster.provider]; image != "" {
		name := cluster.provider + "-cloud-controller-manager"
		if cluster.provider == "aws" {
			return append(workloads, simple(name, "cloud-controller-manager", image)), nil
		}
		workloads = append(workloads, waiting(name, image))
	}

	return workloads, nil
}

func controlPlaneImage(component string, cluster userCluster) string {
	return fmt.Sprintf("registry.k8s.io/kube-%s:v%s", component, cluster.version)
}

// waiting is a Deployment whose init container waits for the API server.
func waiting(name, image string) workload {
	return workload{
		name:       name,
		init:       []container{{"copy-http-prober", httpProber}},
		containers: []container{{name, image}},
	}
}

// versionedImages are those that depend on the minor version of Kubernetes.
type versionedImages struct {
	etcd, proxyServer string
	cloudController   map[string]string
}

func imagesFor(version string) (versionedImages, error) {
	common := versionedImages{
		etcd:        "registry.k8s.io/etcd:3.5.21-0",
		proxyServer: "registry.k8s.io/kas-network-proxy/proxy-server:v0.34.0",
	}
	switch {
	case strings.HasPrefix(version, "1.34."):
		common.cloudController = map[string]string{
			"aws":       "registry.k8s.io/provider-aws/cloud-controller-manager:v1.34.0",
			"openstack": "registry.k8s.io/provider-os/openstack-cloud-controller-manager:v1.34.1",
			"vsphere":   "registry.k8s.io/cloud-pv-vsphere/cloud-provider-vsphere:v1.34.0",
		}
	case strings.HasPrefix(version, "1.35."):
		common.cloudController = map[string]string{
			"aws":       "registry.k8s.io/provider-aws/cloud-controller-manager:v1.35.2",
			"openstack": "registry.k8s.io/provider-os/openstack-cloud-controller-manager:v1.35.0",
			"vsphere":   "registry.k8s.io/cloud-pv-vsphere/cloud-provider-vsphere:v1.35.1",
		}
	default:
		return versionedImages{}, fmt.Errorf("the sample has no images for Kubernetes %s", version)
	}

	return common, nil
}
