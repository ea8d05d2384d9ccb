package e2e

import (
	"net/http"
	"testing"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/kubernetes"

	"github.com/kkp-mirror/kubectl-kkp_mirror/test/sandbox/ready"
)

// checkEmpty wants KKP's definitions and no object of KKP, and the charts of its applications.
func checkEmpty(t *testing.T, line ready.Line) {
	t.Helper()
	master := config(t, line.Kubeconfig)
	objects := dynamic.NewForConfigOrDie(master)
	for _, resource := range []string{"kubermaticconfigurations", "seeds", "clusters"} {
		list, err := objects.Resource(kkp(resource)).List(t.Context(), metav1.ListOptions{})
		if err != nil || len(list.Items) > 0 {
			t.Errorf("%s: %v, %v", resource, list, err)
		}
	}
	if _, err := kubernetes.NewForConfigOrDie(master).CoreV1().Namespaces().Get(t.Context(), "kubermatic", metav1.GetOptions{}); !apierrors.IsNotFound(err) {
		t.Errorf("the namespace of KKP: %v", err)
	}
	if len(line.Seeds) != 1 || len(line.Clusters) != 0 {
		t.Errorf("clusters: %v, %v", line.Seeds, line.Clusters)
	}
	response, err := http.Get("http://" + line.Upstream.Host + "/v2/quay.io/kubermatic-mirror/helm-charts/cilium/tags/list")
	if err != nil {
		t.Fatal(err)
	}
	response.Body.Close()
	if response.StatusCode != http.StatusOK {
		t.Errorf("the charts of Cilium: %s", response.Status)
	}
}
