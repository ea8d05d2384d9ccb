package sample

import (
	"context"
	"fmt"
	"strings"

	"golang.org/x/sync/errgroup"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/client-go/dynamic"
)

// clustersAtOnce is how many user clusters are created at the same time.
const clustersAtOnce = 16

// MoreClusters creates more user clusters on a filled seed, like its first one. Each has what the plugin reads of it: the Cluster,
// its namespace, its addons, the pods of its control plane and the Secret with its kubeconfig, which comes from kubeconfig.
func (s Sample) MoreClusters(ctx context.Context, name string, seed Cluster, names []string, kubeconfig func(cluster string) ([]byte, error)) error {
	client, err := dynamic.NewForConfig(seed.Config)
	if err != nil {
		return err
	}
	first, err := s.Release.read("clusters-" + name + ".yaml")
	if err != nil {
		return err
	}
	creating, ctx := errgroup.WithContext(ctx)
	creating.SetLimit(clustersAtOnce)
	for _, name := range names {
		creating.Go(func() error {
			content, err := kubeconfig(name)
			if err != nil {
				return err
			}
			object := first[0].DeepCopy()
			object.SetName(name)
			for field, value := range map[string]string{"spec.humanReadableName": name, "status.namespaceName": "cluster-" + name} {
				if err := unstructured.SetNestedField(object.Object, value, strings.Split(field, ".")...); err != nil {
					return err
				}
			}

			return s.Release.createMore(ctx, client, object, content)
		})
	}

	return creating.Wait()
}

func (r Release) createMore(ctx context.Context, client dynamic.Interface, object *unstructured.Unstructured, kubeconfig []byte) error {
	created, err := create(ctx, client, object)
	if err != nil {
		return err
	}
	cluster, err := newUserCluster(created)
	if err != nil {
		return err
	}
	namespace, err := cluster.namespaceObject()
	if err != nil {
		return err
	}
	objects := []*unstructured.Unstructured{namespace}
	for _, name := range cluster.addons() {
		objects = append(objects, cluster.addon(name))
	}
	workloads, err := r.clusterWorkloads(cluster)
	if err != nil {
		return err
	}
	for _, workload := range workloads {
		pod, err := generic(fullPod(workload, cluster))
		if err != nil {
			return err
		}
		objects = append(objects, pod)
	}
	for _, object := range objects {
		if _, err := resourceOf(client, object).Create(ctx, object, metav1.CreateOptions{FieldManager: operator}); err != nil {
			return fmt.Errorf("creating %s: %w", describe(object), err)
		}
	}

	return createKubeconfig(ctx, client, cluster.namespace, "admin-kubeconfig", kubeconfig)
}

// fullPod is a pod with as many fields as those of KKP's control planes have.
func fullPod(of workload, cluster userCluster) *corev1.Pod {
	pod := of.pod(cluster.namespace, map[string]string{"app": of.name, "cluster": cluster.name, "pod-template-hash": "5d8f7c9b6d"})
	pod.Annotations = map[string]string{"cluster-autoscaler.kubernetes.io/safe-to-evict-local-volumes": "audit-log", "kubermatic.k8c.io/checksum": strings.Repeat("0123456789abcdef", 4)}
	pod.OwnerReferences = []metav1.OwnerReference{{APIVersion: "apps/v1", Kind: "ReplicaSet", Name: of.name + "-5d8f7c9b6d", UID: cluster.object.GetUID()}}
	for _, name := range []string{"tls", "ca", "kubeconfig", "serviceaccount", "audit", "encryption"} {
		pod.Spec.Volumes = append(pod.Spec.Volumes, corev1.Volume{
			Name: name, VolumeSource: corev1.VolumeSource{Secret: &corev1.SecretVolumeSource{SecretName: of.name + "-" + name}},
		})
	}
	for _, list := range [][]corev1.Container{pod.Spec.InitContainers, pod.Spec.Containers} {
		for i := range list {
			fill(&list[i], of.name)
		}
	}

	return pod
}

func fill(container *corev1.Container, workload string) {
	for i := range 12 {
		container.Args = append(container.Args, fmt.Sprintf("--%s-option-%d=/etc/kubernetes/%s/value-%d", workload, i, workload, i))
	}
	for _, name := range []string{"HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "KUBERNETES_SERVICE_HOST"} {
		container.Env = append(container.Env, corev1.EnvVar{Name: name, Value: "proxy.example.com"})
	}
	for _, name := range []string{"tls", "ca", "kubeconfig", "serviceaccount"} {
		container.VolumeMounts = append(container.VolumeMounts, corev1.VolumeMount{Name: name, MountPath: "/etc/kubernetes/" + name, ReadOnly: true})
	}
	container.Resources = corev1.ResourceRequirements{
		Requests: corev1.ResourceList{corev1.ResourceCPU: resource.MustParse("50m"), corev1.ResourceMemory: resource.MustParse("128Mi")},
		Limits:   corev1.ResourceList{corev1.ResourceCPU: resource.MustParse("2"), corev1.ResourceMemory: resource.MustParse("4Gi")},
	}
	container.Ports = append(container.Ports, corev1.ContainerPort{Name: "metrics", ContainerPort: 8085})
	container.SecurityContext = &corev1.SecurityContext{RunAsNonRoot: new(true), ReadOnlyRootFilesystem: new(true)}
}
