package kkp_test

import (
	"encoding/base64"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/client-go/rest"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/kkp"
)

// kubeconfigSecret is a Secret with a kubeconfig for an address.
func kubeconfigSecret(namespace, name, address string) string {
	kubeconfig := fmt.Sprintf(`{"apiVersion": "v1", "kind": "Config", "current-context": "a", "contexts": [{"name": "a", "context": {"cluster": "a", "user": "a"}}],
"clusters": [{"name": "a", "cluster": {"server": %q}}], "users": [{"name": "a", "user": {"token": "x"}}]}`, address)
	return fmt.Sprintf("{apiVersion: v1, kind: Secret, metadata: {namespace: %s, name: %s}, data: {kubeconfig: %s}}",
		namespace, name, base64.StdEncoding.EncodeToString([]byte(kubeconfig)))
}

// api is a client of an API with these objects.
func api(t *testing.T, texts ...string) kkp.Client {
	t.Helper()
	return newAPI(objects(t, texts...)...).client(t)
}

// profileOf is an object of OSM.
func profileOf(kind, namespace, name, spec string) string {
	return fmt.Sprintf("{apiVersion: operatingsystemmanager.k8c.io/v1alpha1, kind: %s, metadata: {namespace: %s, name: %s, managedFields: []}, spec: %s}", kind, namespace, name, spec)
}

// TestProfiles reads what sets up the nodes of two user clusters, of which one is down.
func TestProfiles(t *testing.T) {
	const ubuntu = "{osName: ubuntu, version: v1.0.0, supportedCloudProviders: [{name: gce}, {name: aws}]}"
	apis := map[string]kkp.Client{
		"https://seed.example.com": api(t,
			profileOf("CustomOperatingSystemProfile", "kkp", "own", ubuntu), profileOf("CustomOperatingSystemProfile", "other", "elsewhere", ubuntu),
			"{apiVersion: kubermatic.k8c.io/v1, kind: Cluster, metadata: {name: up}, spec: {version: 1.35.7, cloud: {dc: a, aws: {}}}}",
			"{apiVersion: kubermatic.k8c.io/v1, kind: Cluster, metadata: {name: down}, spec: {version: 1.35.7, cloud: {dc: a, aws: {}}}}",
			kubeconfigSecret("cluster-up", "admin-kubeconfig", "https://up.example.com:6443"), kubeconfigSecret("cluster-down", "admin-kubeconfig", "https://down.example.com")),
		"https://up.example.com:6443": api(t,
			profileOf("OperatingSystemProfile", "kube-system", "osp-ubuntu", ubuntu), profileOf("OperatingSystemProfile", "default", "elsewhere", ubuntu),
			profileOf("OperatingSystemConfig", "kube-system", "md-kube-system-config", "{osName: ubuntu, cloudProvider: {name: aws}, bootstrapConfig: {}}"),
			"{apiVersion: cluster.k8s.io/v1alpha1, kind: MachineDeployment, metadata: {namespace: kube-system, name: md, annotations: {k8c.io/operating-system-profile: own}}, "+
				"spec: {replicas: 2, template: {spec: {versions: {kubelet: 1.35.7}, providerSpec: {value: {cloudProvider: aws, operatingSystem: ubuntu}}}}}}",
			"{apiVersion: cluster.k8s.io/v1alpha1, kind: MachineDeployment, metadata: {namespace: kube-system, name: plain}, "+
				"spec: {template: {spec: {providerSpec: {value: {cloudProvider: aws, operatingSystem: flatcar}}}}}}"),
	}
	master := api(t, "{apiVersion: kubermatic.k8c.io/v1, kind: KubermaticConfiguration, metadata: {name: k, namespace: kkp}, status: {kubermaticEdition: CE}}",
		kubeconfigSecret("kkp", "kubeconfig-seed", "https://seed.example.com"),
		"{apiVersion: kubermatic.k8c.io/v1, kind: Seed, metadata: {name: s, namespace: kkp}, spec: {kubeconfig: {name: kubeconfig-seed}, "+
			"datacenters: {a: {spec: {aws: {}, operatingSystemProfiles: {ubuntu: own}}}}}}")
	load := func(parts ...kkp.Part) kkp.Installation {
		inst, err := kkp.Load(t.Context(), master, kkp.Request{Parts: parts, Connect: func(config *rest.Config) (kkp.Client, error) {
			if client, ok := apis[config.Host]; ok {
				return client, nil
			}
			return kkp.Client{}, errors.New("no route to " + config.Host)
		}})
		if err != nil {
			t.Fatal(err)
		}
		return inst
	}
	inst := load(kkp.PartProfiles)
	if diff := cmp.Diff([]string{
		"datacenter a: map[ubuntu:own]",
		"CustomOperatingSystemProfile own of seed: ubuntu v1.0.0 [aws gce]",
		"cluster down: user cluster down: no route to https://down.example.com",
		"cluster up at https://up.example.com:6443",
		"OperatingSystemConfig md-kube-system-config: ubuntu  [aws]",
		"OperatingSystemProfile osp-ubuntu: ubuntu v1.0.0 [aws gce]",
		"MachineDeployment md: own, kubelet 1.35.7, ubuntu on aws",
		"MachineDeployment plain: osp-flatcar, kubelet , flatcar on aws",
		"unread profiles: user cluster down on Seed s",
	}, told(inst)); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	if own, copied := inst.Seeds[0].Profiles[0].Object, inst.Seeds[0].Clusters[1].Setup.Profiles[0].Object; strings.Contains(string(own), "managedFields") || !strings.Contains(string(copied), `"osName":"ubuntu"`) {
		t.Errorf("objects %s and %s", own, copied)
	}
	if unasked := load(kkp.PartAPI); unasked.Seeds[0].Profiles != nil || unasked.Seeds[0].Clusters[0].Setup != nil {
		t.Error("profiles are read where nobody asked for them")
	}
}

// TestConfigs reads OperatingSystemConfigs with their files, and without them where nobody needs these.
func TestConfigs(t *testing.T) {
	f := newFleet(t, 2)
	config := func(name, annotation string) string {
		return "{apiVersion: operatingsystemmanager.k8c.io/v1alpha1, kind: OperatingSystemConfig, metadata: {namespace: kube-system, name: " + name + ", annotations: {" + annotation +
			"}}, spec: {osName: ubuntu, provisioningConfig: {files: [{path: /etc/containerd/config.toml, content: {inline: {data: 'version = 3'}}}]}}}"
	}
	f.user.objects = objects(t, config("new", "k8c.io/osp-version: v1.0.0"), config("old", ""))
	for _, c := range []struct {
		parts    []kkp.Part
		new, old bool
	}{{[]kkp.Part{kkp.PartProfiles}, false, true}, {[]kkp.Part{kkp.PartProfiles, kkp.PartConfigs}, true, true}} {
		inst, err := kkp.Load(t.Context(), f.a.client(t), kkp.Request{Connect: f.connect, Parts: c.parts})
		if err != nil {
			t.Fatal(err)
		}
		configs := inst.Seeds[0].Clusters[0].Setup.Configs
		if len(configs) != 2 || (configs[0].Object != nil) != c.new || (configs[1].Object != nil) != c.old || !configs[0].Runtime.Known || !configs[1].Runtime.Known {
			t.Errorf("%v: %+v", c.parts, configs)
		}
	}
}

// told says what was read.
func told(inst kkp.Installation) []string {
	seed := inst.Seeds[0]
	all := []string{fmt.Sprintf("datacenter a: %v", seed.Datacenters[0].Profiles)}
	profile := func(p kkp.Profile, of string) {
		all = append(all, fmt.Sprintf("%s %s%s: %s %s %v", p.Kind, p.Name, of, p.OS, p.Version, p.Providers))
	}
	for _, p := range seed.Profiles {
		profile(p, " of seed")
	}
	for _, c := range seed.Clusters {
		if c.Setup.Err != nil {
			all = append(all, fmt.Sprintf("cluster %s: %v", c.Name, c.Setup.Err))
			continue
		}
		all = append(all, "cluster "+c.Name+" at "+c.Setup.Server)
		for _, p := range append(c.Setup.Configs, c.Setup.Profiles...) {
			profile(p, "")
		}
		for _, d := range c.Setup.Deployments {
			all = append(all, fmt.Sprintf("MachineDeployment %s: %s, kubelet %s, %s on %s", d.Name, d.Profile, d.Kubelet, d.OS, d.Provider))
		}
	}
	for _, u := range inst.Unread {
		all = append(all, fmt.Sprintf("unread %s: %s", u.Part, u.Subject))
	}
	return all
}

// TestProfilesFromFiles reads them from files.
func TestProfilesFromFiles(t *testing.T) {
	inst, err := kkp.FromObjects([]*unstructured.Unstructured{
		object(t, "{apiVersion: kubermatic.k8c.io/v1, kind: KubermaticConfiguration, metadata: {name: k, namespace: kkp}}"),
		object(t, profileOf("OperatingSystemConfig", "kube-system", "c", "{osName: ubuntu}")),
		object(t, profileOf("CustomOperatingSystemProfile", "kkp", "b", "{osName: rhel}")),
		object(t, profileOf("OperatingSystemProfile", "kube-system", "a", "{osName: flatcar}")),
	})
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, p := range inst.Profiles {
		names = append(names, p.Kind+" "+p.Name)
	}
	if diff := cmp.Diff([]string{"OperatingSystemProfile a", "CustomOperatingSystemProfile b", "OperatingSystemConfig c"}, names); diff != "" {
		t.Error(diff)
	}
}
