package e2e

import (
	"testing"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"

	"github.com/kkp-mirror/kubectl-kkp_mirror/test/sandbox/ready"
)

func kkp(resource string) schema.GroupVersionResource {
	return schema.GroupVersionResource{Group: "kubermatic.k8c.io", Version: "v1", Resource: resource}
}

func checkClusters(t *testing.T, line ready.Line) {
	master := config(t, line.Kubeconfig)
	client := kubernetes.NewForConfigOrDie(master)
	checkVersion(t, client)
	checkSeeds(t, line, master)
	checkPods(t, client)
	checkPruning(t, master)
	checkRestricted(t, config(t, line.Users["restricted"]))
	checkAttackers(t, config(t, line.Users["applications"]), config(t, line.Users["minio"]))
}

func checkVersion(t *testing.T, client kubernetes.Interface) {
	version, err := client.Discovery().ServerVersion()
	if err != nil {
		t.Fatal(err)
	}
	if version.GitVersion != "v1.36.3" || version.Major != "1" || version.Minor != "36" {
		t.Errorf("version %s (%s.%s)", version.GitVersion, version.Major, version.Minor)
	}
}

// checkSeeds follows each Seed to its cluster through its Secret, as the plugin does.
func checkSeeds(t *testing.T, line ready.Line, master *rest.Config) {
	objects := dynamic.NewForConfigOrDie(master)
	configuration, err := objects.Resource(kkp("kubermaticconfigurations")).Namespace("kubermatic").Get(t.Context(), "kubermatic", metav1.GetOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if got := field(configuration, "status", "kubermaticVersion"); got != "v2.31.0" {
		t.Errorf("KKP version %q", got)
	}

	for name, providers := range map[string]map[string]bool{
		"hamburg":   {"vsphere": true, "bringyourown": true},
		"frankfurt": {"aws": true, "openstack": true},
	} {
		seed, err := objects.Resource(kkp("seeds")).Namespace("kubermatic").Get(t.Context(), name, metav1.GetOptions{})
		if err != nil {
			t.Fatal(err)
		}
		secrets := kubernetes.NewForConfigOrDie(master).CoreV1().Secrets(field(seed, "spec", "kubeconfig", "namespace"))
		secret, err := secrets.Get(t.Context(), field(seed, "spec", "kubeconfig", "name"), metav1.GetOptions{})
		if err != nil {
			t.Fatal(err)
		}
		seedConfig, err := clientcmd.RESTConfigFromKubeConfig(secret.Data[field(seed, "spec", "kubeconfig", "fieldPath")])
		if err != nil {
			t.Fatal(err)
		}
		if want := config(t, line.Seeds[name]).Host; seedConfig.Host != want {
			t.Errorf("%s: host %s, want %s", name, seedConfig.Host, want)
		}
		clusters, err := dynamic.NewForConfigOrDie(seedConfig).Resource(kkp("clusters")).List(t.Context(), metav1.ListOptions{})
		if err != nil {
			t.Fatal(err)
		}
		for _, cluster := range clusters.Items {
			delete(providers, field(&cluster, "spec", "cloud", "providerName"))
			checkControlPlane(t, seedConfig, &cluster)
		}
		if len(providers) > 0 {
			t.Errorf("%s: no cluster for %v", name, providers)
		}
	}
}

func checkControlPlane(t *testing.T, config *rest.Config, cluster *unstructured.Unstructured) {
	namespace := field(cluster, "status", "namespaceName")
	pods, err := kubernetes.NewForConfigOrDie(config).CoreV1().Pods(namespace).List(t.Context(), metav1.ListOptions{LabelSelector: "app=apiserver,cluster=" + cluster.GetName()})
	if err != nil {
		t.Fatal(err)
	}
	if len(pods.Items) != 1 {
		t.Fatalf("%s: %d API servers", namespace, len(pods.Items))
	}
	want := "registry.k8s.io/kube-apiserver:v" + field(cluster, "spec", "version")
	if got := pods.Items[0].Spec.Containers[0].Image; got != want {
		t.Errorf("%s: image %s, want %s", namespace, got, want)
	}
}

func checkPods(t *testing.T, client kubernetes.Interface) {
	pods, err := client.CoreV1().Pods("kubermatic").List(t.Context(), metav1.ListOptions{})
	if err != nil {
		t.Fatal(err)
	}
	ephemeral, unpredicted := 0, 0
	for _, pod := range pods.Items {
		if pod.Status.Phase != corev1.PodRunning {
			t.Errorf("%s is %s", pod.Name, pod.Status.Phase)
		}
		ephemeral += len(pod.Spec.EphemeralContainers)
		if pod.Spec.Containers[0].Image == "docker.io/library/busybox:1.36.1" {
			unpredicted++
		}
	}
	if ephemeral != 1 || unpredicted != 1 {
		t.Errorf("%d ephemeral containers, %d unpredicted images", ephemeral, unpredicted)
	}
}

func checkPruning(t *testing.T, master *rest.Config) {
	seeds := dynamic.NewForConfigOrDie(master).Resource(kkp("seeds")).Namespace("kubermatic")
	patch := []byte(`{"spec":{"datacenters":{"hamburg-byo":{"node":{"pause_image":"a","pauseImage":"b"}}}}}`)
	seed, err := seeds.Patch(t.Context(), "hamburg", types.MergePatchType, patch, metav1.PatchOptions{DryRun: []string{metav1.DryRunAll}})
	if err != nil {
		t.Fatal(err)
	}
	node := []string{"spec", "datacenters", "hamburg-byo", "node"}
	if got := field(seed, append(node, "pauseImage")...); got != "b" {
		t.Errorf("pauseImage %q", got)
	}
	if got := field(seed, append(node, "pause_image")...); got != "" {
		t.Errorf("the unknown field was kept: %q", got)
	}
}

func checkRestricted(t *testing.T, restricted *rest.Config) {
	objects := dynamic.NewForConfigOrDie(restricted)
	for _, resource := range []string{"kubermaticconfigurations", "seeds"} {
		if _, err := objects.Resource(kkp(resource)).List(t.Context(), metav1.ListOptions{}); err != nil {
			t.Errorf("listing %s: %v", resource, err)
		}
	}
	client := kubernetes.NewForConfigOrDie(restricted).CoreV1()
	if _, err := client.Secrets("kubermatic").List(t.Context(), metav1.ListOptions{}); !apierrors.IsForbidden(err) {
		t.Errorf("listing Secrets: %v", err)
	}
	if _, err := client.Pods("kubermatic").List(t.Context(), metav1.ListOptions{}); !apierrors.IsForbidden(err) {
		t.Errorf("listing pods: %v", err)
	}
}

// checkAttackers tries what the users can do who attack others, and what they cannot.
func checkAttackers(t *testing.T, applications, minio *rest.Config) {
	definitions := schema.GroupVersionResource{Group: "apps.kubermatic.k8c.io", Version: "v1", Resource: "applicationdefinitions"}
	dry := metav1.PatchOptions{DryRun: []string{metav1.DryRunAll}}
	_, err := dynamic.NewForConfigOrDie(applications).Resource(definitions).Patch(t.Context(), "echoserver", types.MergePatchType, []byte(`{}`), dry)
	if err != nil {
		t.Errorf("patching an ApplicationDefinition: %v", err)
	}
	secret := &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Name: "attack"}}
	create := metav1.CreateOptions{DryRun: []string{metav1.DryRunAll}}
	for _, c := range []struct {
		user      *rest.Config
		namespace string
		allowed   bool
	}{{minio, "minio", true}, {minio, "kubermatic", false}, {applications, "minio", false}, {applications, "kubermatic", false}} {
		client := kubernetes.NewForConfigOrDie(c.user).CoreV1().Secrets(c.namespace)
		if _, err := client.Create(t.Context(), secret, create); apierrors.IsForbidden(err) == c.allowed {
			t.Errorf("creating a Secret in %s: %v", c.namespace, err)
		}
		if _, err := client.List(t.Context(), metav1.ListOptions{}); apierrors.IsForbidden(err) == c.allowed {
			t.Errorf("listing Secrets in %s: %v", c.namespace, err)
		}
	}
}

func config(t *testing.T, kubeconfig string) *rest.Config {
	t.Helper()
	config, err := clientcmd.BuildConfigFromFlags("", kubeconfig)
	if err != nil {
		t.Fatal(err)
	}

	return config
}

// field returns a string in an object, or nothing.
func field(object *unstructured.Unstructured, path ...string) string {
	value, _, _ := unstructured.NestedString(object.Object, path...)
	return value
}
