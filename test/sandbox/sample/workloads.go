package sample

import "fmt"

const (
	httpProber = "quay.io/kubermatic/http-prober:v0.5.1"
	etcd       = "registry.k8s.io/etcd:3.5.21-0"
)

// kkpImage is one of the images that have KKP's own version.
func (r Release) kkpImage(name string) string {
	return "quay.io/kubermatic/" + name + ":" + r.Version
}

// masterWorkloads are KKP's own on the master; seeds are the names of all Seeds.
func (r Release) masterWorkloads(seeds []string) []workload {
	kubermatic, dashboard := r.kkpImage("kubermatic"), r.kkpImage("dashboard")
	workloads := []workload{
		simple("kubermatic-operator", "operator", kubermatic),
		simple("kubermatic-master-controller-manager", "controller-manager", kubermatic),
		simple("kubermatic-api", "api", dashboard),
		simple("kubermatic-dashboard", "webserver", dashboard),
	}
	for _, seed := range seeds {
		workloads = append(workloads, simple("seed-proxy-"+seed, "proxy", r.util))
	}

	return workloads
}

// seedWorkloads are KKP's own on every seed.
func (r Release) seedWorkloads() []workload {
	kubermatic, nodeportProxy := r.kkpImage("kubermatic"), r.kkpImage("nodeport-proxy")
	return []workload{
		simple("kubermatic-webhook", "webhook", kubermatic),
		{
			name:       "kubermatic-seed-controller-manager",
			init:       []container{{"copy-addons", r.kkpImage("addons")}},
			containers: []container{{"controller-manager", kubermatic}},
		},
		{
			name:       "nodeport-proxy-envoy",
			init:       []container{{"copy-envoy-config", nodeportProxy}},
			containers: []container{{"envoy-manager", nodeportProxy}, {"envoy", r.envoy}},
		},
		simple("nodeport-proxy-updater", "lb-updater", nodeportProxy),
	}
}

// clusterWorkloads are the control plane of a user cluster.
func (r Release) clusterWorkloads(cluster userCluster) ([]workload, error) {
	if cluster.version != r.Default && cluster.version != r.older {
		return nil, fmt.Errorf("the sample has no images for Kubernetes %s", cluster.version)
	}
	kubermatic, etcdLauncher := r.kkpImage("kubermatic"), r.kkpImage("etcd-launcher")
	workloads := []workload{
		{
			name:       "apiserver",
			init:       []container{{"etcd-running", etcdLauncher}},
			containers: []container{{"apiserver", controlPlaneImage("apiserver", cluster)}, {"konnectivity-server", r.proxyServer}},
		},
		{
			name: "etcd", stateful: true,
			init:       []container{{"etcd-launcher", etcdLauncher}},
			containers: []container{{"etcd", etcd}},
		},
		waiting("controller-manager", controlPlaneImage("controller-manager", cluster)),
		waiting("scheduler", controlPlaneImage("scheduler", cluster)),
		waiting("usercluster-controller", kubermatic),
		waiting("usercluster-webhook", kubermatic),
		waiting("machine-controller", r.machines),
		waiting("machine-controller-webhook", r.machines),
		waiting("operating-system-manager", r.osManager),
		waiting("operating-system-manager-webhook", r.osManager),
		waiting("kubernetes-dashboard", "docker.io/kubernetesui/dashboard:v2.7.0"),
		waiting("kube-state-metrics", "registry.k8s.io/kube-state-metrics/kube-state-metrics:v2.12.0"),
		{name: "prometheus", stateful: true, containers: []container{{"prometheus", "quay.io/prometheus/prometheus:v2.51.1"}}},
	}
	if image := r.cloudController(cluster.provider, cluster.version); image != "" {
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
