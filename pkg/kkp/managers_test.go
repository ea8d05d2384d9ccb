package kkp_test

import (
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"
	"k8s.io/client-go/rest"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/kkp"
)

// TestManagers reads which user clusters get no default profiles any more, only where the
// configuration wants that.
func TestManagers(t *testing.T) {
	manager := func(cluster, args, status string) string {
		return fmt.Sprintf("{apiVersion: apps/v1, kind: Deployment, metadata: {namespace: cluster-%s, name: operating-system-manager, generation: 2}, "+
			"spec: {template: {spec: {containers: [{name: osm, args: %s}]}}}, status: %s}", cluster, args, status)
	}
	const wrapped = `['-command', '{"command":"/usr/local/bin/osm-controller","args":["-disable-default-osps"]}']`
	seed := api(t,
		manager("restarted", wrapped, "{observedGeneration: 2, replicas: 1, updatedReplicas: 1}"),
		manager("restarting", wrapped, "{observedGeneration: 2, replicas: 2, updatedReplicas: 1}"),
		manager("noticed", wrapped, "{observedGeneration: 1, replicas: 1, updatedReplicas: 1}"),
		manager("before", "['-namespace', 'kube-system']", "{observedGeneration: 2, replicas: 1, updatedReplicas: 1}"),
		"{apiVersion: kubermatic.k8c.io/v1, kind: Cluster, metadata: {name: restarted}}", "{apiVersion: kubermatic.k8c.io/v1, kind: Cluster, metadata: {name: restarting}}",
		"{apiVersion: kubermatic.k8c.io/v1, kind: Cluster, metadata: {name: noticed}}", "{apiVersion: kubermatic.k8c.io/v1, kind: Cluster, metadata: {name: before}}",
		"{apiVersion: kubermatic.k8c.io/v1, kind: Cluster, metadata: {name: none}}")
	for wanted, want := range map[string][]string{"true": {"restarted"}, "false": nil} {
		master := api(t, "{apiVersion: kubermatic.k8c.io/v1, kind: KubermaticConfiguration, metadata: {name: k, namespace: kkp}, status: {kubermaticEdition: CE}, "+
			"spec: {userCluster: {operatingSystemManager: {disableDefaultOperatingSystemProfiles: "+wanted+"}}}}",
			kubeconfigSecret("kkp", "kubeconfig-seed", "https://seed.example.com"),
			"{apiVersion: kubermatic.k8c.io/v1, kind: Seed, metadata: {name: s, namespace: kkp}, spec: {kubeconfig: {name: kubeconfig-seed}}}")
		inst, err := kkp.Load(t.Context(), master, kkp.Request{Parts: []kkp.Part{kkp.PartProfiles}, Connect: func(*rest.Config) (kkp.Client, error) { return seed, nil }})
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, cluster := range inst.Seeds[0].Clusters {
			if cluster.Setup.DefaultsOff {
				got = append(got, cluster.Name)
			}
		}
		if diff := cmp.Diff(want, got); diff != "" || len(inst.Seeds[0].Clusters) != 5 {
			t.Errorf("%s (-want +got)\n%s", wanted, diff)
		}
	}
}

// TestKeptOriginal reads back what KeepOriginal has written. Other values count as none.
func TestKeptOriginal(t *testing.T) {
	original, err := kkp.ProfilesFrom(objects(t, profileOf("OperatingSystemProfile", "kube-system", "osp-ubuntu", "{osName: ubuntu, version: v1.11.2, bootstrapConfig: {files: [{permissions: 755}]}}"),
		"{apiVersion: v1, kind: ConfigMap, metadata: {name: other}}", profileOf("OperatingSystemConfig", "kube-system", "config", "{osName: ubuntu}")))
	if err != nil || len(original) != 1 {
		t.Fatal(original, err)
	}
	text, err := kkp.KeepOriginal(original[0], "v2.31.0")
	if err != nil {
		t.Fatal(err)
	}
	for value, want := range map[string]string{text: "osp-ubuntu v1.11.2 ubuntu of v2.31.0", "": "", "[]": "", "{}": "", `{"kkp":"v2.31.0"}`: "", `{"spec":{"version":1}}`: "", "{": ""} {
		object := objects(t, profileOf("CustomOperatingSystemProfile", "kkp", "osp-ubuntu", "{osName: ubuntu, version: v1.11.2-mirror.c3f09a1b}"))
		object[0].SetAnnotations(map[string]string{kkp.OriginalAnnotation: value})
		read, err := kkp.ProfilesFrom(object)
		if err != nil {
			t.Fatal(err)
		}
		got := ""
		if kept := read[0].Kept; kept != nil {
			got = fmt.Sprintf("%s %s %s of %s", kept.Name, kept.Version, kept.OS, kept.KKP)
			if string(kept.Object) != string(original[0].Object) {
				t.Errorf("got %s, want %s", kept.Object, original[0].Object)
			}
		}
		if got != want {
			t.Errorf("%s: got %q, want %q", value, got, want)
		}
	}
}
