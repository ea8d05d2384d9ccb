package sample

import (
	"fmt"
	"os"
	"slices"
	"strings"
)

// Release is a KKP release that the sample can be an installation of, in the Community Edition. It has the versions that
// such an installation runs, and the images.
type Release struct {
	// Version is KKP's own, such as "v2.31.0".
	Version string
	// Default is the version of Kubernetes that a new user cluster gets; some clusters of the sample have it.
	Default string
	// older is the other version of Kubernetes in use.
	older string
	// The network plugins of the user clusters: canal of the clusters with each version, and cilium.
	canal, olderCanal, cilium string
	// scaler is the newest version of the application cluster-autoscaler, and scalers are all of them with their charts.
	scaler  string
	scalers [][2]string
	// runtimeOpts says whether a user cluster can have settings of its own for the container runtime.
	runtimeOpts bool

	machines, osManager, util, envoy, proxyServer string
	// cloudControllers are the images per provider, for the default and the older version of Kubernetes.
	cloudControllers map[string][2]string
}

// Releases are all that the sample can be of, the newest first.
func Releases() []Release {
	return []Release{v231(), v230(), v228()}
}

// ReleaseOf returns the release of a minor version of KKP, such as "2.31".
func ReleaseOf(minor string) (Release, error) {
	known := Releases()
	if i := slices.IndexFunc(known, func(r Release) bool { return r.Minor() == minor }); i >= 0 {
		return known[i], nil
	}
	names := make([]string, 0, len(known))
	for _, release := range known {
		names = append(names, release.Minor())
	}

	return Release{}, fmt.Errorf("there is no sample of KKP %q, only of %s and %s", minor, strings.Join(names[:len(names)-1], ", "), names[len(names)-1])
}

// Minor is the release's minor version, such as "2.31".
func (r Release) Minor() string {
	parts := strings.Split(strings.TrimPrefix(r.Version, "v"), ".")
	return strings.Join(parts[:2], ".")
}

func v231() Release {
	return Release{
		Version: "v2.31.0", Default: "1.35.7", older: "1.34.9",
		canal: "v3.31", olderCanal: "v3.30", cilium: "1.18.10",
		scaler: "1.35.0", scalers: [][2]string{{"1.32.0", "9.46.6"}, {"1.35.0", "9.59.0"}},
		runtimeOpts: true,
		machines:    "quay.io/kubermatic/machine-controller:v1.66.2",
		osManager:   "quay.io/kubermatic/operating-system-manager:v1.11.3",
		util:        "quay.io/kubermatic/util:2.9.0",
		envoy:       "docker.io/envoyproxy/envoy:distroless-v1.37.0",
		proxyServer: "registry.k8s.io/kas-network-proxy/proxy-server:v0.34.0",
		cloudControllers: map[string][2]string{
			"aws":       {"registry.k8s.io/provider-aws/cloud-controller-manager:v1.35.2", "registry.k8s.io/provider-aws/cloud-controller-manager:v1.34.0"},
			"openstack": {"registry.k8s.io/provider-os/openstack-cloud-controller-manager:v1.35.0", "registry.k8s.io/provider-os/openstack-cloud-controller-manager:v1.34.1"},
			"vsphere":   {"registry.k8s.io/cloud-pv-vsphere/cloud-provider-vsphere:v1.35.1", "registry.k8s.io/cloud-pv-vsphere/cloud-provider-vsphere:v1.34.0"},
		},
	}
}

func v230() Release {
	return Release{
		Version: "v2.30.6", Default: "1.34.10", older: "1.33.13",
		canal: "v3.31", olderCanal: "v3.30", cilium: "1.18.10",
		scaler: "1.32.0", scalers: [][2]string{{"1.32.0", "9.46.6"}},
		runtimeOpts: true,
		machines:    "quay.io/kubermatic/machine-controller:v1.65.5",
		osManager:   "quay.io/kubermatic/operating-system-manager:v1.10.7",
		util:        "quay.io/kubermatic/util:2.8.0",
		envoy:       "docker.io/envoyproxy/envoy:distroless-v1.37.0",
		proxyServer: "registry.k8s.io/kas-network-proxy/proxy-server:v0.34.0",
		cloudControllers: map[string][2]string{
			"aws":       {"registry.k8s.io/provider-aws/cloud-controller-manager:v1.34.0", "registry.k8s.io/provider-aws/cloud-controller-manager:v1.33.2"},
			"openstack": {"registry.k8s.io/provider-os/openstack-cloud-controller-manager:v1.34.0", "registry.k8s.io/provider-os/openstack-cloud-controller-manager:v1.33.1"},
			"vsphere":   {"registry.k8s.io/cloud-pv-vsphere/cloud-provider-vsphere:v1.34.0", "registry.k8s.io/cloud-pv-vsphere/cloud-provider-vsphere:v1.33.1"},
		},
	}
}

func v228() Release {
	return Release{
		Version: "v2.28.13", Default: "1.33.13", older: "1.32.13",
		canal: "v3.29", olderCanal: "v3.28", cilium: "1.16.9",
		scaler: "1.32.0", scalers: [][2]string{{"1.32.0", "9.46.6"}},
		machines:    "quay.io/kubermatic/machine-controller:v1.62.1",
		osManager:   "quay.io/kubermatic/operating-system-manager:v1.7.6",
		util:        "quay.io/kubermatic/util:2.5.0",
		envoy:       "docker.io/envoyproxy/envoy-distroless:v1.26.1",
		proxyServer: "registry.k8s.io/kas-network-proxy/proxy-server:v0.31.0",
		cloudControllers: map[string][2]string{
			"aws":       {"registry.k8s.io/provider-aws/cloud-controller-manager:v1.33.0", "registry.k8s.io/provider-aws/cloud-controller-manager:v1.32.1"},
			"openstack": {"registry.k8s.io/provider-os/openstack-cloud-controller-manager:v1.32.0", "registry.k8s.io/provider-os/openstack-cloud-controller-manager:v1.32.0"},
			"vsphere":   {"registry.k8s.io/cloud-pv-vsphere/cloud-provider-vsphere:v1.33.0", "registry.k8s.io/cloud-pv-vsphere/cloud-provider-vsphere:v1.32.2"},
		},
	}
}

// cloudController returns the image for a provider, or nothing when it has none.
func (r Release) cloudController(provider, kubernetes string) string {
	images := r.cloudControllers[provider]
	if kubernetes == r.older {
		return images[1]
	}

	return images[0]
}

// containerRuntimeOpts are the settings of the one user cluster that has its own.
const containerRuntimeOpts = `containerRuntimeOpts: {insecureRegistries: ["registry.old.example:5000"], pauseImage: "registry.old.example:5000/pause:3.9"}`

// definitionVersions are versions of an application of KKP's own in an ApplicationDefinition, as YAML on one line.
func (r Release) definitionVersions(chart string, versions [][2]string) string {
	items := make([]string, 0, len(versions))
	for _, v := range versions {
		items = append(items, fmt.Sprintf(`{version: %s, template: {source: {helm: {url: "oci://%s", chartName: %s, chartVersion: %s}}}}`,
			v[0], r.chartRepository(), chart, v[1]))
	}

	return "[" + strings.Join(items, ", ") + "]"
}

// chartRepository is where KKP gets the charts of its system's applications.
func (r Release) chartRepository() string {
	if r.Minor() == "2.28" {
		return "quay.io/kubermatic/helm-charts"
	}

	return "quay.io/kubermatic-mirror/helm-charts"
}

// ChartRepositories are where KKP gets the charts of applications, in this release and in the newest, which it can be
// upgraded to.
func (s Sample) ChartRepositories() []string {
	repositories := []string{s.Release.chartRepository(), Releases()[0].chartRepository()}
	return slices.Compact(repositories)
}

// expand puts the versions of the release in the place of their names, such as ${kkp}, in a manifest.
func (r Release) expand(text string) (string, error) {
	values := map[string]string{
		"kkp": r.Version, "default": r.Default, "older": r.older,
		"canal": r.canal, "olderCanal": r.olderCanal, "cilium": r.cilium,
		"scaler": r.scaler, "scalers": r.definitionVersions("cluster-autoscaler", r.scalers),
		"containerRuntimeOpts": "",
	}
	if r.runtimeOpts {
		values["containerRuntimeOpts"] = containerRuntimeOpts
	}
	var unknown []string
	expanded := os.Expand(text, func(name string) string {
		value, ok := values[name]
		if !ok {
			unknown = append(unknown, name)
		}
		return value
	})
	if len(unknown) > 0 {
		return "", fmt.Errorf("unknown names: %s", strings.Join(unknown, ", "))
	}

	return expanded, nil
}
