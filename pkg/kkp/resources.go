package kkp

import "k8s.io/apimachinery/pkg/runtime/schema"

// group is the API group of KKP.
const group = "kubermatic.k8c.io"

func kubermaticResource(resource string) schema.GroupVersionResource {
	return schema.GroupVersionResource{Group: group, Version: "v1", Resource: resource}
}

// ConfigurationResource is the resource of KubermaticConfigurations.
func ConfigurationResource() schema.GroupVersionResource {
	return kubermaticResource("kubermaticconfigurations")
}

// SeedResource is the resource of Seeds.
func SeedResource() schema.GroupVersionResource { return kubermaticResource("seeds") }

func clusterResource() schema.GroupVersionResource { return kubermaticResource("clusters") }

func deploymentResource() schema.GroupVersionResource {
	return schema.GroupVersionResource{Group: "apps", Version: "v1", Resource: "deployments"}
}

// CoreResource is where objects of the core group are, such as "secrets".
func CoreResource(resource string) schema.GroupVersionResource {
	return schema.GroupVersionResource{Version: "v1", Resource: resource}
}

// masterNamespaces returns the namespaces with KKP's own pods: the namespace of the configuration,
// and the namespaces in which kubermatic-installer installs charts (kubermatic pkg/install/stack,
// v2.31.0), without kube-system, where most pods are not KKP's.
func masterNamespaces(namespace string) []string {
	return []string{
		namespace, "cert-manager", "dex", "envoy-gateway-controller", "logging", "minio", "mla", "monitoring",
		"nginx-ingress-controller", "oauth", "telemetry-system", "velero",
	}
}

// CustomProfileResource returns the API resource of CustomOperatingSystemProfiles, on a Seed.
func CustomProfileResource() schema.GroupVersionResource {
	return osmResource("customoperatingsystemprofiles")
}

// ProfileResource returns the API resource of OperatingSystemProfiles, in a user cluster.
func ProfileResource() schema.GroupVersionResource { return osmResource("operatingsystemprofiles") }

func osmResource(resource string) schema.GroupVersionResource {
	return schema.GroupVersionResource{Group: osmGroup, Version: "v1alpha1", Resource: resource}
}
