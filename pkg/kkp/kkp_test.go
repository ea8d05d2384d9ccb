package kkp

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/util/json"
	"sigs.k8s.io/yaml"
)

// parse reads the documents of a YAML text.
func parse(t testing.TB, text string) []*unstructured.Unstructured {
	t.Helper()
	var objects []*unstructured.Unstructured
	for doc := range strings.SplitSeq(text, "\n---\n") {
		obj := &unstructured.Unstructured{}
		if err := yaml.Unmarshal([]byte(doc), &obj.Object); err != nil {
			t.Fatal(err)
		}
		objects = append(objects, obj)
	}
	return objects
}

const configuration = `
apiVersion: kubermatic.k8c.io/v1
kind: KubermaticConfiguration
metadata: {name: kubermatic, namespace: kkp}
spec:
  api: {dockerRepository: registry.example.com/dashboard}
  featureGates: {VerticalPodAutoscaler: true}
  mirrorImages: ["alpine:3.20"]
  versions: {default: v1.34.9, versions: [v1.34.9]}
  unknownField: {with: [any, content]}
status: {kubermaticVersion: v2.31.0, kubermaticEdition: CE}`

const seed = `
apiVersion: kubermatic.k8c.io/v1
kind: Seed
metadata: {name: hamburg, namespace: kkp}
spec:
  kubeconfig: {name: kubeconfig-hamburg}
  mla: {userClusterMLAEnabled: true}
  datacenters:
    virt:
      node: {pauseImage: "registry.example.com/pause:3.10"}
      spec:
        requiredEmails: ["@example.com"]
        kubevirt: {images: {http: {operatingSystems: {ubuntu: {"24.04": "docker://quay.io/disks/ubuntu:24.04", "22.04": "https://example.com/u.img"}}}}}
    byo: {spec: {bringyourown: {}}}
    odd: {spec: {requiredEmails: []}}`

const cluster = `
apiVersion: kubermatic.k8c.io/v1
kind: Cluster
metadata: {name: abc}
spec:
  version: 1.35.7
  cloud: {dc: virt, kubevirt: {}}
  cniPlugin: {type: canal, version: v3.31}
  clusterNetwork: {konnectivityEnabled: true}
status:
  namespaceName: cluster-abc
  extendedHealth: {apiserver: HealthStatusUp, controller: HealthStatusUp, etcd: HealthStatusUp, scheduler: HealthStatusUp}
  versions: {controlPlane: 1.34.9, apiserver: 1.35.7, scheduler: v1.34.9}`

const pod = `
apiVersion: v1
kind: Pod
metadata: {name: p, namespace: kkp, labels: {app.kubernetes.io/name: kubermatic-api}}
spec:
  initContainers: [{name: i, image: a:1}]
  containers: [{name: c, image: b:1}]
  ephemeralContainers: [{name: e, image: c:1}]
  volumes: [{name: v, image: {reference: d:1}}, {name: w, emptyDir: {}}]`

func TestFromObjects(t *testing.T) {
	other := "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: x}"
	inst, err := FromObjects(parse(t, strings.Join([]string{configuration, seed, cluster, pod, other}, "\n---\n")))
	if err != nil {
		t.Fatal(err)
	}
	if inst.Version != "v2.31.0" || inst.Edition != "CE" || inst.Live {
		t.Errorf("%s %s live=%t", inst.Version, inst.Edition, inst.Live)
	}
	if got := inst.Configuration.Field("spec.api.dockerRepository"); got != "registry.example.com/dashboard" {
		t.Error(got)
	}
	if got := inst.Configuration.Field("spec.api.nothing"); got != "" {
		t.Error(got)
	}
	got := inst.Seeds[0]
	want := Seed{
		Namespace: "kkp", Name: "hamburg", MLA: true, Read: true,
		Kubeconfig: SecretKey{Namespace: "kkp", Name: "kubeconfig-hamburg", Key: "kubeconfig"},
		Datacenters: []Datacenter{
			{Name: "byo", Provider: "bringyourown"},
			{Name: "odd"},
			{Name: "virt", Provider: "kubevirt", PauseImage: "registry.example.com/pause:3.10", DiskImages: []string{"quay.io/disks/ubuntu:24.04"}},
		},
		Clusters: []Cluster{{
			Name: "abc", Namespace: "cluster-abc", Datacenter: "virt", Provider: "kubevirt", CNI: "canal v3.31", Konnectivity: true,
			Versions: []string{"1.35.7", "1.34.9"},
		}},
	}
	got.object = nil
	if diff := cmp.Diff(want, got, cmp.AllowUnexported(Seed{})); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]string{"bringyourown", "kubevirt"}, got.Providers()); diff != "" {
		t.Error(diff)
	}
	wantPod := []Pod{{Namespace: "kkp", Name: "p", Workload: "kubermatic-api", Images: []string{"a:1", "b:1", "c:1", "d:1"}}}
	if diff := cmp.Diff(wantPod, inst.Pods); diff != "" {
		t.Error(diff)
	}
}

func TestFromObjectsWantsOneConfiguration(t *testing.T) {
	for name, test := range map[string]struct{ text, want string }{
		"none":         {seed, "hold no KubermaticConfiguration"},
		"two":          {configuration + "\n---\n" + configuration, "hold 2 KubermaticConfigurations (kkp/kubermatic, kkp/kubermatic)"},
		"bad type":     {strings.Replace(configuration, `["alpine:3.20"]`, `{a: b}`, 1), "KubermaticConfiguration kkp/kubermatic"},
		"bad version":  {strings.Replace(configuration, "default: v1.34.9", "default: 1.34", 1), "kubermatic"},
		"alien status": {strings.Replace(configuration, "kubermaticVersion: v2.31.0", "kubermaticVersion: [1]", 1), "kubermatic"},
	} {
		if _, err := FromObjects(parse(t, test.text)); err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: got %v, want %q", name, err, test.want)
		}
	}
}

// TestUnhealthy takes the components that KKP's ControlPlaneHealthy takes.
func TestUnhealthy(t *testing.T) {
	up := "apiserver: HealthStatusUp, controller: HealthStatusUp, etcd: HealthStatusUp, "
	for health, want := range map[string][]string{
		up + "scheduler: HealthStatusUp":                                      nil,
		up + "scheduler: HealthStatusUp, machineController: HealthStatusDown": nil,
		up + "scheduler: HealthStatusProvisioning":                            {"scheduler"},
		up + "machineController: HealthStatusUp":                              {"scheduler"},
		"":                                                                    {"apiserver", "controller", "etcd", "scheduler"},
	} {
		got, err := clusterFrom(parse(t, strings.ReplaceAll(cluster, up+"scheduler: HealthStatusUp", health))[0])
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, got.Unhealthy); diff != "" {
			t.Errorf("{%s} (-want +got)\n%s", health, diff)
		}
	}
}

func TestClusterWithoutSeedIsNotForgotten(t *testing.T) {
	inst, err := FromObjects(parse(t, configuration+"\n---\n"+cluster))
	if err != nil || len(inst.Seeds) != 1 || len(inst.Seeds[0].Clusters) != 1 {
		t.Fatalf("%+v, %v", inst.Seeds, err)
	}
}

func TestEditionOfImages(t *testing.T) {
	for image, want := range map[string]string{
		"quay.io/kubermatic/kubermatic:v2.31.0":         "CE",
		"reg:5000/x/kubermatic-ee@sha256:0":             "EE",
		"registry.example.com/kkp/dashboard-ee:v2.31.0": "EE",
		"quay.io/kubermatic/addons:v2.31.0":             "",
	} {
		if got := editionOf(image); got != want {
			t.Errorf("%s: got %q, want %q", image, got, want)
		}
	}
}

func TestKubeconfigFromSecretMustBeSelfContained(t *testing.T) {
	for name, user := range map[string]string{
		"exec":          "exec: {apiVersion: client.authentication.k8s.io/v1, command: sh, interactiveMode: Never}",
		"auth provider": "auth-provider: {name: oidc}",
		"files":         "tokenFile: /etc/passwd",
		"key file":      "client-key: /root/.ssh/id_rsa",
	} {
		text := "apiVersion: v1\nkind: Config\ncurrent-context: c\nclusters: [{name: c, cluster: {server: 'https://x'}}]\n" +
			"contexts: [{name: c, context: {cluster: c, user: u}}]\nusers: [{name: u, user: {" + user + "}}]"
		if _, err := restConfig([]byte(text)); err == nil || !strings.Contains(err.Error(), `user "u"`) {
			t.Errorf("%s: got %v", name, err)
		}
	}
	for text, want := range map[string]string{
		"{":                            "",
		"apiVersion: v1\nkind: Config": "names no cluster",
		"apiVersion: v1\nkind: Config\nclusters: [{name: c, cluster: {server: 'https://x', certificate-authority: /etc/ca}}]": "CA file",
	} {
		if _, err := restConfig([]byte(text)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: got %v", text, err)
		}
	}
	good := "apiVersion: v1\nkind: Config\ncurrent-context: c\nclusters: [{name: c, cluster: {server: 'https://x'}}]\n" +
		"contexts: [{name: c, context: {cluster: c, user: u}}]\nusers: [{name: u, user: {token: t}}]"
	config, err := restConfig([]byte(good))
	if err != nil || config.Host != "https://x" || config.BearerToken != "t" {
		t.Errorf("%v, %v", config, err)
	}
}

func FuzzFromObjects(f *testing.F) {
	for _, text := range []string{configuration, seed, cluster, pod} {
		data, err := yaml.YAMLToJSON([]byte(text))
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
	}
	f.Fuzz(func(_ *testing.T, data []byte) {
		obj := &unstructured.Unstructured{}
		if json.Unmarshal(data, &obj.Object) != nil || obj.Object == nil {
			return
		}
		_, _ = FromObjects([]*unstructured.Unstructured{obj}) // any error will do; a panic will not
		_, _ = SeedFrom(obj)
		_, _ = clusterFrom(obj)
		_, _ = podFrom(obj)
	})
}
