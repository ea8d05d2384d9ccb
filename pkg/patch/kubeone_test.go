package patch_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"sigs.k8s.io/yaml"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/patch"
)

// TestKubeOne prints the settings for mirrors with and without a path, TLS and a trusted certificate.
func TestKubeOne(t *testing.T) {
	var needed images.Inventory
	for _, name := range []string{"quay.io/kubermatic/util:2.9.0", "registry.k8s.io/pause:3.10", "registry.example.com:5000/own:1"} {
		ref, err := images.ParseRef(name)
		if err != nil {
			t.Fatal(err)
		}
		needed.Images = append(needed.Images, images.Image{Ref: ref})
	}
	for _, tt := range []struct {
		mirror patch.Mirror
		want   string
	}{
		{patch.Mirror{Target: images.Target{Registry: "registry.example.com:5000", Prefix: "kkp"}}, `
registryConfiguration: {overwriteRegistry: "registry.example.com:5000/kkp"}
containerRuntime:
  containerd:
    registries:
      quay.io: {mirrors: ["https://registry.example.com:5000/v2/kkp"], overridePath: true}
      registry.k8s.io: {mirrors: ["https://registry.example.com:5000/v2/kkp"], overridePath: true}`},
		{patch.Mirror{Target: images.Target{Registry: "registry.example.com:5000"}, Insecure: true}, `
registryConfiguration: {overwriteRegistry: "registry.example.com:5000", insecureRegistry: true}
containerRuntime:
  containerd:
    registries:
      quay.io: {mirrors: ["https://registry.example.com:5000"], tlsConfig: {insecureSkipVerify: true}}
      registry.example.com:5000: {mirrors: ["https://registry.example.com:5000"], tlsConfig: {insecureSkipVerify: true}}
      registry.k8s.io: {mirrors: ["https://registry.example.com:5000"], tlsConfig: {insecureSkipVerify: true}}`},
		{patch.Mirror{Target: images.Target{Registry: "registry.example.com:5000"}, PlainHTTP: true}, `
registryConfiguration: {overwriteRegistry: "registry.example.com:5000", insecureRegistry: true}
containerRuntime:
  containerd:
    registries:
      quay.io: {mirrors: ["http://registry.example.com:5000"]}
      registry.example.com:5000: {mirrors: ["http://registry.example.com:5000"]}
      registry.k8s.io: {mirrors: ["http://registry.example.com:5000"]}`},
	} {
		var want map[string]any
		if err := yaml.Unmarshal([]byte(tt.want), &want); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, patch.KubeOne(tt.mirror, needed)); diff != "" {
			t.Errorf("%+v (-want +got)\n%s", tt.mirror, diff)
		}
	}
}
