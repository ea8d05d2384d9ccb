package patch

import (
	"fmt"
	"reflect"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/kkp"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/patch/apply"
)

func seedWith(node map[string]any) *unstructured.Unstructured {
	return &unstructured.Unstructured{Object: map[string]any{
		"apiVersion": "kubermatic.k8c.io/v1", "kind": KindSeed, "metadata": map[string]any{"name": "s"},
		"spec": map[string]any{"datacenters": map[string]any{"eu.1": map[string]any{"node": node, "spec": map[string]any{"kubevirt": map[string]any{}}}}},
	}}
}

func TestDatacenterAddsToLists(t *testing.T) {
	live := seedWith(map[string]any{
		"noProxy": "10.0.0.0/8, old.example", "insecureRegistries": []any{"old:5000"}, "httpProxy": "http://old:1",
		"containerdRegistryMirrors": map[string]any{"registries": map[string]any{
			"docker.io": map[string]any{"mirrors": []any{"https://old"}}, "other.io": map[string]any{"mirrors": []any{"https://other"}},
		}},
	})
	settings := NodeSettings{
		HTTPProxy: "http://new:1", NoProxy: []string{"old.example", ".svc"}, InsecureRegistries: []string{"new:5000", "old:5000"},
		ContainerdMirrors: map[string][]string{"docker.io": {"https://new"}, "quay.io": {"https://new"}}, CSIRegistry: "reg/kkp", PauseImage: "reg/pause:3.10",
	}
	change, err := apply.Compute(live, anything(), Datacenter(live, "eu.1", settings))
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]any{
		"noProxy": "10.0.0.0/8,old.example,.svc", "insecureRegistries": []any{"old:5000", "new:5000"}, "httpProxy": "http://new:1", "pauseImage": "reg/pause:3.10",
		"containerdRegistryMirrors": map[string]any{"registries": map[string]any{
			"docker.io": map[string]any{"mirrors": []any{"https://new", "https://old"}}, "other.io": map[string]any{"mirrors": []any{"https://other"}},
			"quay.io": map[string]any{"mirrors": []any{"https://new"}},
		}},
	}
	if diff := cmp.Diff(want, append(DatacenterPath("eu.1"), "node").Lookup(change.After.Object)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if again, err := apply.Compute(change.After, anything(), Datacenter(change.After, "eu.1", settings)); err != nil || !again.Empty() {
		t.Errorf("a second time: %v, %v", again.Edits, err)
	}
	settings.Replace = true
	change, err = apply.Compute(live, anything(), Datacenter(live, "eu.1", settings))
	node := append(DatacenterPath("eu.1"), "node").Lookup(change.After.Object).(map[string]any)
	if err != nil || node["noProxy"] != "old.example,.svc" || !reflect.DeepEqual(node["insecureRegistries"], []any{"new:5000", "old:5000"}) {
		t.Errorf("got %v, %v", node, err)
	}
}

func TestContainerd(t *testing.T) {
	hosts := []string{"docker.io", "quay.io"}
	for _, c := range []struct {
		mirror              string
		plainHTTP, insecure bool
		version             string
		want                string // of quay.io
		notes               int
		insecureHosts       int
		err                 bool
	}{
		{"reg.example.com", false, false, "v2.28.13", "https://reg.example.com", 0, 0, false},
		{"reg.example.com/kkp", false, false, "v2.28.13", "", 0, 0, true},
		{"reg.example.com/kkp", false, false, "v2.29.0", "https://reg.example.com/v2/kkp?kubermatic=override_path%3Dtrue", 1, 0, false},
		{"reg.example.com/kkp", false, true, "v2.30.5", "https://reg.example.com/v2/kkp?kubermatic=override_path%3Dtrue", 0, 3, false},
		{"reg.example.com:5000/a/b", true, false, "v2.31.0-12-gabc", "http://reg.example.com:5000/v2/a/b?kubermatic=override_path%3Dtrue", 0, 0, false},
	} {
		mirror := newMirror(t, c.mirror)
		mirror.PlainHTTP, mirror.Insecure = c.plainHTTP, c.insecure
		got, notes, err := Containerd(mirror, hosts, c.version)
		if (err != nil) != c.err || len(notes) != c.notes || len(got.InsecureRegistries) != c.insecureHosts || strings.Join(got.ContainerdMirrors["quay.io"], " ") != c.want {
			t.Errorf("%+v: got %v, %v, %v", c, got, notes, err)
		}
		if c.plainHTTP && strings.Join(got.ContainerdMirrors[mirror.Registry], " ") != "http://"+mirror.Registry {
			t.Errorf("%s: its own name: %v", c.mirror, got.ContainerdMirrors)
		}
	}
}

func TestMirrorsOfAnyRegistry(t *testing.T) {
	every := NodeSettings{ContainerdMirrors: map[string][]string{"*": {"https://reg"}}}
	named := NodeSettings{ContainerdMirrors: map[string][]string{"quay.io": {"https://reg"}}}
	for version, ok := range map[string]bool{"v2.29.10": false, "v2.30.0": true, "v2.31.0": true} {
		if err := every.CheckHosts(version); (err == nil) != ok {
			t.Errorf("%s: got %v", version, err)
		}
		if err := named.CheckHosts(version); err != nil {
			t.Errorf("%s: got %v", version, err)
		}
	}
}

func TestPauseImage(t *testing.T) {
	mirror := newMirror(t, "reg.example.com/kkp")
	inv := images.Inventory{}
	for _, text := range []string{"registry.k8s.io/pause:3.8", "registry.k8s.io/pause:3.10.1", "registry.k8s.io/pause:3.9", "quay.io/other/pause:9.9"} {
		ref, err := images.ParseRef(text)
		if err != nil {
			t.Fatal(err)
		}
		inv.Images = append(inv.Images, images.Image{Ref: ref})
	}
	for live, want := range map[string]string{
		"": "registry.k8s.io/pause:3.10.1", "reg.example.com/kkp/pause:3.8": "registry.k8s.io/pause:3.10.1", "k8s.gcr.io/pause:3.5": "k8s.gcr.io/pause:3.5",
	} {
		if got, ok := PauseImage(mirror, inv, live); !ok || got.String() != want {
			t.Errorf("%q: got %s", live, got)
		}
	}
	if _, ok := PauseImage(mirror, images.Inventory{}, ""); ok {
		t.Error("found one in nothing")
	}
}

func TestNoProxy(t *testing.T) {
	inst := installation(t, configuration(t, map[string]any{"spec.ingress.domain": "kkp.example.com"}))
	clusters := []kkp.Cluster{
		{PodBlocks: []string{"172.25.0.0/16"}, ServiceBlocks: []string{"10.240.16.0/20"}, DNSDomain: "cluster.local"},
		{PodBlocks: []string{"172.25.0.0/16", "fd01::/48"}, DNSDomain: "cluster.local"},
	}
	want := "localhost,127.0.0.1,169.254.20.10,.svc,172.25.0.0/16,10.240.16.0/20,.cluster.local,fd01::/48,kkp.example.com,.kkp.example.com,reg.example.com"
	if got := strings.Join(NoProxy(inst, clusters, "reg.example.com:5000"), ","); got != want {
		t.Errorf("got %s", got)
	}
}

func TestNodeSettingsAreChecked(t *testing.T) {
	checks := map[string]func(string) error{
		"proxy": CheckProxy, "host": images.CheckHost, "mirror": CheckRegistryMirror,
		"containerd": func(text string) error { _, _, err := ParseContainerdMirror(text); return err },
	}
	for name, texts := range map[string]map[string]bool{
		"proxy":      {"http://proxy:3128": true, "http://u:p@proxy:3128": true, "https://proxy": false, "proxy:3128": false, "": false, "http://": false},
		"host":       {"reg:5000": true, "reg.example.com": true, "https://reg": false, "reg/a": false, "": false, "a,b": false},
		"mirror":     {"https://reg": true, "reg.example.com": true, "quay.io=https://reg:5000/a": true, "quay.io:1=https://reg": false, "": false, "a b": false},
		"containerd": {"docker.io=https://reg": true, "reg:5000=http://reg:5000": true, "*=https://reg/v2/a?kubermatic=override_path%3Dtrue": true, "docker.io": false, "=https://reg": false, "a/b=https://reg": false, "docker.io=reg": false},
	} {
		for text, good := range texts {
			if err := checks[name](text); (err == nil) != good {
				t.Errorf("%s %q: got %v", name, text, err)
			}
		}
	}
	if err := CheckProxy("https://user:secret@proxy"); strings.Contains(err.Error(), "secret") {
		t.Errorf("a password is shown: %v", err)
	}
}

func FuzzParseContainerdMirror(f *testing.F) {
	f.Add("docker.io=https://reg")
	f.Add("=")
	f.Add("a=http://[::1]:5000")
	f.Fuzz(func(t *testing.T, text string) {
		host, mirror, err := ParseContainerdMirror(text)
		if err == nil && host+"="+mirror != text {
			t.Errorf("%q became %q, %q", text, host, mirror)
		}
	})
}

func TestCurrentName(t *testing.T) {
	for name, known := range map[string]bool{
		"http_proxy": true, "--no_proxy": true, "node.pause_image": true, "hyperkube-image": true, "hyperkube_image": true,
		"http-proxy": false, "httpProxy": false, "other_name": false, "": false,
	} {
		if _, ok := CurrentName(name); ok != known {
			t.Errorf("%q: got %t", name, ok)
		}
	}
	notes := DatacenterNotes(seedWith(map[string]any{"http_proxy": "x", "httpProxy": "y"}), "eu.1")
	if len(notes) != 1 || !strings.Contains(fmt.Sprint(notes), "--http-proxy") {
		t.Errorf("got %v", notes)
	}
}
