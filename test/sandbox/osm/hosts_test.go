package osm_test

import (
	"encoding/json"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/kkp-mirror/kubectl-kkp_mirror/test/sandbox/osm"
)

// The expectations were compared with OSM's own golden files (pkg/containerruntime/testdata, v1.11.3).
func TestHosts(t *testing.T) {
	const pull = "capabilities = [\"pull\", \"resolve\"]\n"
	docker := "server = \"https://registry-1.docker.io\"\n[host.\"https://registry-1.docker.io\"]\n" + pull
	for name, test := range map[string]struct {
		settings string
		want     map[string]string
	}{
		"nothing": {`{}`, map[string]string{"docker.io": docker}},
		"a mirror of Docker Hub without a scheme": {`{"registryMirrors": ["mirror.example:5000"]}`, map[string]string{
			"docker.io": "server = \"https://registry-1.docker.io\"\n[host.\"https://mirror.example:5000\"]\n" + pull,
		}},
		"a mirror of another registry": {`{"registryMirrors": ["quay.io=http://mirror.example"]}`, map[string]string{
			"docker.io": docker,
			"quay.io":   "server = \"quay.io\"\n[host.\"http://mirror.example\"]\n" + pull,
		}},
		"two mirrors, one with a path": {
			`{"containerdRegistryMirrors": {"registries": {"quay.io": {"mirrors": ["https://z.example", "https://a.example/v2/p?kubermatic=override_path%3Dtrue"]}}}}`,
			map[string]string{
				"docker.io": docker,
				"quay.io":   "server = \"quay.io\"\n[host.\"https://a.example/v2/p\"]\n" + pull + "override_path = true\n[host.\"https://z.example\"]\n" + pull,
			},
		},
		"a mirror of all others": {`{"containerdRegistryMirrors": {"registries": {"*": {"mirrors": ["https://a.example"]}}}}`, map[string]string{
			"docker.io": docker,
			"_default":  "[host.\"https://a.example\"]\n" + pull,
		}},
		"an insecure registry": {`{"insecureRegistries": ["r.example:5000/sub"]}`, map[string]string{
			"docker.io":      docker,
			"r.example:5000": "server = \"r.example:5000/sub\"\n[host.\"r.example:5000/sub\"]\n" + pull + "skip_verify = true\n",
		}},
	} {
		t.Run(name, func(t *testing.T) {
			settings := osm.Settings{}
			if err := json.Unmarshal([]byte(test.settings), &settings); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(test.want, settings.Hosts()); diff != "" {
				t.Error(diff)
			}
		})
	}
}
