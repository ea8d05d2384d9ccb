package e2e

import (
	"os"
	"strings"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"

	"github.com/kkp-mirror/kubectl-kkp_mirror/test/sandbox/ready"
	"github.com/kkp-mirror/kubectl-kkp_mirror/test/sandbox/sample"
)

// checkMoreClusters follows the Clusters that were added to their APIs, as the plugin does, and looks for its requests.
func checkMoreClusters(t *testing.T, line ready.Line) {
	t.Helper()
	added := 0
	for name, path := range line.Seeds {
		seed := config(t, path)
		clusters, err := dynamic.NewForConfigOrDie(seed).Resource(kkp("clusters")).List(t.Context(), metav1.ListOptions{})
		if err != nil {
			t.Fatal(err)
		}
		for _, cluster := range clusters.Items {
			if strings.HasPrefix(cluster.GetName(), "more") {
				added++
				checkAdded(t, seed, field(&cluster, "status", "namespaceName"))
			}
		}
		if requests, err := os.ReadFile(line.Requests); err != nil || !strings.Contains(string(requests), name+" GET /api/v1/namespaces/cluster-more") {
			t.Errorf("the requests to %s are %s, %v", name, requests, err)
		}
	}
	if added != 3 {
		t.Errorf("%d user clusters were added", added)
	}
}

func checkAdded(t *testing.T, seed *rest.Config, namespace string) {
	t.Helper()
	seed = rest.CopyConfig(seed)
	seed.UserAgent = "kubectl-kkp-mirror/test"
	client := kubernetes.NewForConfigOrDie(seed)
	began := time.Now()
	secret, err := client.CoreV1().Secrets(namespace).Get(t.Context(), "admin-kubeconfig", metav1.GetOptions{})
	if err != nil || time.Since(began) < 50*time.Millisecond {
		t.Fatalf("%v, after %s", err, time.Since(began))
	}
	pods, err := client.CoreV1().Pods(namespace).List(t.Context(), metav1.ListOptions{})
	if err != nil || len(pods.Items) < 13 || pods.Items[0].Labels["cluster"] == "" {
		t.Errorf("the pods in %s: %v, %v", namespace, len(pods.Items), err)
	}
	own, err := clientcmd.RESTConfigFromKubeConfig(secret.Data["kubeconfig"])
	if err != nil || own.Host == seed.Host {
		t.Fatalf("the kubeconfig in %s leads to %v, %v", namespace, own, err)
	}
	user := kubernetes.NewForConfigOrDie(own)
	if _, err := user.Discovery().ServerVersion(); err != nil {
		t.Error(err)
	}
	checkOwnPods(t, user)
}

// checkOwnPods wants a user cluster to have pods of its own, and not those of the seed that stands in for it.
func checkOwnPods(t *testing.T, user kubernetes.Interface) {
	t.Helper()
	options, found := metav1.ListOptions{Limit: 25}, map[string]bool{}
	for {
		pods, err := user.CoreV1().Pods("").List(t.Context(), options)
		if err != nil || len(pods.Items) > 25 {
			t.Fatalf("%d pods, %v", len(pods.Items), err)
		}
		for _, pod := range pods.Items {
			found[pod.Namespace+"/"+pod.Name] = true
			if pod.Namespace != "kube-system" && pod.Namespace != "shop" {
				t.Errorf("the pod %s/%s", pod.Namespace, pod.Name)
			}
		}
		if options.Continue = pods.Continue; options.Continue == "" {
			break
		}
	}
	if want := 12 * sample.UserNodes; len(found) != want {
		t.Errorf("the user cluster has %d pods, want %d", len(found), want)
	}
}
