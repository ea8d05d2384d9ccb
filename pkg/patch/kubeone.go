package patch

import "github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images"

// KubeOne returns the settings of a KubeOneCluster (kubeone.k8c.io/v1beta3, KubeOne v1.12) with which
// the nodes that KubeOne makes pull from a mirror: those of the master and Seed clusters, which KKP
// does not manage. needed are the images that name the registries.
//
// KubeOne keeps the path of an image behind overwriteRegistry (pkg/apis/kubeone/v1beta3/types.go), and
// writes a hosts.toml for each registry, in which mirrors with a path need overridePath
// (pkg/containerruntime/containerd_config.go).
func KubeOne(mirror Mirror, needed images.Inventory) map[string]any {
	endpoint := "https://" + mirror.Registry
	if mirror.PlainHTTP {
		endpoint = "http://" + mirror.Registry
	}
	registries := map[string]any{}
	entry := func() map[string]any {
		e := map[string]any{"mirrors": []any{endpoint}}
		if mirror.Insecure {
			e["tlsConfig"] = map[string]any{"insecureSkipVerify": true}
		}
		return e
	}
	if mirror.PlainHTTP || mirror.Insecure { // for images whose reference names the mirror
		registries[mirror.Registry] = entry()
	}
	for _, host := range Hosts(needed) {
		if host == mirror.Registry {
			continue
		}
		e := entry()
		if mirror.Prefix != "" {
			e["mirrors"], e["overridePath"] = []any{endpoint + "/v2/" + mirror.Prefix}, true
		}
		registries[host] = e
	}
	registry := map[string]any{"overwriteRegistry": mirror.String()}
	if mirror.PlainHTTP || mirror.Insecure {
		registry["insecureRegistry"] = true
	}
	return map[string]any{
		"registryConfiguration": registry, "containerRuntime": map[string]any{"containerd": map[string]any{"registries": registries}},
	}
}
