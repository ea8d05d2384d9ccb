package patch

import "strings"

// oldNames are the names that datacenter settings had before KKP 2.20, in the API group
// kubermatic.k8s.io. The API server drops these fields silently, and KKP's documentation of the
// offline mode still shows them (v2.30 and v2.31).
func oldNames() map[string]string {
	return map[string]string{
		"http_proxy":          "now node.httpProxy, which --http-proxy sets",
		"no_proxy":            "now node.noProxy, which --no-proxy sets",
		"insecure_registries": "now node.insecureRegistries, which --insecure-registry sets",
		"registry_mirrors":    "now node.registryMirrors, which --registry-mirror sets",
		"pause_image":         "now node.pauseImage, which --pause-image sets",
		"hyperkube_image":     "gone since KKP 2.20, because Kubernetes has no hyperkube image since 1.19",
	}
}

// CurrentName returns the current name of a setting that had another name before KKP 2.20. The
// old name can be a field or a flag. ok is false for other names.
func CurrentName(name string) (current string, ok bool) {
	name = strings.TrimPrefix(name[strings.LastIndex(name, ".")+1:], "--")
	current, ok = oldNames()[strings.ReplaceAll(name, "-", "_")]
	if !strings.Contains(name, "_") && name != "hyperkube-image" {
		return "", false
	}
	return current, ok
}
