package patch

import "strings"

// oldNames are the names of datacenter settings in the API group kubermatic.k8s.io, which
// KKP had before 2.20; its API server drops them without a word, and parts of KKP's
// documentation still show them (offline mode, v2.30 and v2.31).
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

// CurrentName tells what became of a setting that KKP had under another name before 2.20,
// given as a field or as a flag.
func CurrentName(name string) (string, bool) {
	name = strings.TrimPrefix(name[strings.LastIndex(name, ".")+1:], "--")
	current, ok := oldNames()[strings.ReplaceAll(name, "-", "_")]
	if !strings.Contains(name, "_") && name != "hyperkube-image" {
		return "", false
	}
	return current, ok
}
