package sample

import (
	"cmp"
	"fmt"
	"slices"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// UserNodes is how many nodes a user cluster of MoreClusters has pods for.
const UserNodes = 5

// UserPods are the pods in a user cluster of MoreClusters, ordered by namespace and name: those of KKP on each node, and some of
// its users.
func (r Release) UserPods(name string) []corev1.Pod {
	var pods []corev1.Pod
	for namespace, workloads := range map[string][]workload{
		"kube-system": {
			simple("canal", "calico-node", "quay.io/calico/node:v3.30.3"), simple("kube-proxy", "kube-proxy", "registry.k8s.io/kube-proxy:v"+r.Default),
			simple("node-local-dns", "node-cache", "registry.k8s.io/dns/k8s-dns-node-cache:1.25.0"), simple("csi-node", "driver-registrar", "registry.k8s.io/sig-storage/csi-node-driver-registrar:v2.13.0"),
			simple("coredns", "coredns", "registry.k8s.io/coredns/coredns:v1.12.1"), simple("konnectivity-agent", "konnectivity-agent", r.proxyServer),
		},
		"shop": {
			simple("web", "web", "docker.io/library/nginx:1.29"), simple("cart", "cart", "ghcr.io/acme/cart:4.2.0"), simple("search", "search", "quay.io/acme/search:7.0.1"),
			simple("queue", "queue", "docker.io/library/rabbitmq:4.1"), simple("cache", "cache", "docker.io/valkey/valkey:8.1"), simple("mail", "mail", "registry.example.com/shop/mail:12"),
		},
	} {
		cluster := userCluster{object: &unstructured.Unstructured{}, name: name, namespace: namespace}
		for _, workload := range workloads {
			for i := range UserNodes {
				pod := fullPod(workload, cluster)
				pod.Name += fmt.Sprintf("-%d", i)
				pods = append(pods, *pod)
			}
		}
	}
	slices.SortFunc(pods, func(a, b corev1.Pod) int {
		return cmp.Or(cmp.Compare(a.Namespace, b.Namespace), cmp.Compare(a.Name, b.Name))
	})

	return pods
}
