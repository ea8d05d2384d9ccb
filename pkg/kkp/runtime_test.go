package kkp

import (
	"encoding/base64"
	"slices"
	"testing"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// systemConfig is an OperatingSystemConfig with files.
func systemConfig(files map[string]string) *unstructured.Unstructured {
	var list []any
	for name, text := range files {
		list = append(list, map[string]any{"path": name, "content": map[string]any{"inline": map[string]any{"data": text}}})
	}
	return &unstructured.Unstructured{Object: map[string]any{"spec": map[string]any{"provisioningConfig": map[string]any{"files": list}}}}
}

const oldConfig = `version = 2
[plugins]
[plugins."io.containerd.grpc.v1.cri"]
sandbox_image = "mirror.example.com/pause:3.10"
[plugins."io.containerd.grpc.v1.cri".registry]
[plugins."io.containerd.grpc.v1.cri".registry.mirrors]
[plugins."io.containerd.grpc.v1.cri".registry.mirrors."docker.io"]
endpoint = ["https://registry-1.docker.io"]
[plugins."io.containerd.grpc.v1.cri".registry.mirrors."quay.io"]
endpoint = ["https://mirror.example.com", "https://quay.io"]
`

const newConfig = `version = 3
[plugins]
[plugins."io.containerd.cri.v1.images".registry]
config_path = "/etc/containerd/certs.d"
`

// TestRuntimeConfig reads the configurations that old and new versions of operating-system-manager
// write.
func TestRuntimeConfig(t *testing.T) {
	hosts := "server = \"quay.io\"\n[host.\"https://mirror.example.com/v2/kkp\"]\ncapabilities = [\"pull\", \"resolve\"]\noverride_path = true\n"
	for name, c := range map[string]struct {
		files map[string]string
		known bool
		want  map[string][]string // by host
	}{
		"none":        {files: map[string]string{"/etc/crictl.yaml": "a: b"}, want: map[string][]string{"quay.io": nil}},
		"broken":      {files: map[string]string{"/etc/containerd/config.toml": "[[["}, want: map[string][]string{"quay.io": nil}},
		"too large":   {files: map[string]string{"/etc/containerd/config.toml": newConfig + "#" + string(make([]byte, maxRuntimeConfig))}},
		"one file":    {files: map[string]string{"/etc/containerd/config.toml": oldConfig}, known: true, want: map[string][]string{"quay.io": {"https://mirror.example.com"}, "docker.io": nil, "ghcr.io": nil}},
		"base64":      {files: map[string]string{"/etc/containerd/config.toml": base64.StdEncoding.EncodeToString([]byte(oldConfig))}, known: true, want: map[string][]string{"quay.io": {"https://mirror.example.com"}}},
		"nothing set": {files: map[string]string{"/etc/containerd/config.toml": newConfig}, known: true, want: map[string][]string{"quay.io": nil}},
		"files for hosts": {
			files: map[string]string{"/etc/containerd/config.toml": newConfig, "/etc/containerd/certs.d/quay.io/hosts.toml": hosts, "/etc/containerd/certs.d/docker.io/hosts.toml": "[host.\"https://registry-1.docker.io\"]\n"},
			known: true, want: map[string][]string{"quay.io": {"https://mirror.example.com/v2/kkp"}, "docker.io": nil, "ghcr.io": nil},
		},
		"all hosts": {
			files: map[string]string{"/etc/containerd/certs.d/_default/hosts.toml": hosts, "/etc/containerd/certs.d/docker.io/hosts.toml": "[host.\"https://registry-1.docker.io\"]\n"},
			known: true, want: map[string][]string{"ghcr.io": {"https://mirror.example.com/v2/kkp"}, "docker.io": nil},
		},
	} {
		config := runtimeConfigOf(systemConfig(c.files))
		if config.Known != c.known {
			t.Errorf("%s: known %v", name, config.Known)
		}
		for host, want := range c.want {
			if got := config.MirrorsOf(host); !slices.Equal(got, want) {
				t.Errorf("%s: mirrors of %s: %q", name, host, got)
			}
		}
	}
}

func FuzzRuntimeConfig(f *testing.F) {
	f.Add(containerdConfig, oldConfig)
	f.Add("/etc/containerd/certs.d/quay.io/hosts.toml", "[host.\"https://a\"]")
	f.Add("/etc/containerd/certs.d/../hosts.toml", newConfig)
	f.Fuzz(func(_ *testing.T, name, text string) {
		config := RuntimeConfig{Mirrors: map[string][]string{}}
		config.add(name, text)
		_ = config.MirrorsOf("quay.io")
	})
}

// TestRuntimeOptions reads the containerd mirrors of a Cluster.
func TestRuntimeOptions(t *testing.T) {
	none := clusterView{}
	if cluster := none.cluster(); cluster.RuntimeOptions || cluster.RuntimeMirrors != nil {
		t.Errorf("%+v", cluster)
	}
	options := map[string]any{"containerdRegistryMirrors": map[string]any{"registries": map[string]any{"quay.io": map[string]any{"mirrors": []any{"https://m"}}}}}
	cluster, err := clusterFrom(&unstructured.Unstructured{Object: map[string]any{"spec": map[string]any{"containerRuntimeOpts": options}}})
	if err != nil || !cluster.RuntimeOptions || !slices.Equal(cluster.RuntimeMirrors["quay.io"], []string{"https://m"}) {
		t.Errorf("%+v %v", cluster, err)
	}
}
