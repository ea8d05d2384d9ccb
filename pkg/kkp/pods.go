package kkp

import (
	"cmp"
	"context"

	"golang.org/x/sync/errgroup"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/client-go/dynamic"
)

// namespacesAtOnce bounds the number of namespaces that are read concurrently.
const namespacesAtOnce = 8

// loadPods reads the pods of some namespaces, several concurrently. A namespace that does not exist
// has none.
func loadPods(ctx context.Context, client dynamic.Interface, where string, namespaces []string) ([]Pod, []Unread) {
	found := make([][]Pod, len(namespaces))
	failures := make([]error, len(namespaces))
	var group errgroup.Group
	group.SetLimit(namespacesAtOnce)
	for i, namespace := range namespaces {
		group.Go(func() error {
			found[i], failures[i] = podsIn(ctx, client, namespace)
			return nil
		})
	}
	_ = group.Wait() // the functions return nil: what fails is in failures
	var pods []Pod
	var missed []Unread
	for i, namespace := range namespaces {
		pods = append(pods, found[i]...)
		if failures[i] != nil {
			missed = append(missed, Unread{PartPods, "namespace " + namespace + " on " + where, unread(where, failures[i])})
		}
	}
	return pods, missed
}

func podsIn(ctx context.Context, client dynamic.Interface, namespace string) ([]Pod, error) {
	objects, err := list(ctx, client, CoreResource("pods"), namespace)
	if err != nil {
		return nil, err
	}
	return convert(objects, podFrom)
}

func podFrom(obj *unstructured.Unstructured) (Pod, error) {
	var pod corev1.Pod
	err := decode(obj, &pod)
	return Pod{Namespace: pod.Namespace, Name: pod.Name, Workload: workloadOf(&pod), Images: imagesOf(&pod.Spec)}, err
}

// workloadOf returns the workload of a pod from KKP's labels: app.kubernetes.io/name on master and
// Seeds, app in namespaces of user clusters.
func workloadOf(pod *corev1.Pod) string {
	owner := ""
	if len(pod.OwnerReferences) > 0 {
		owner = pod.OwnerReferences[0].Name
	}
	return cmp.Or(pod.Labels["app.kubernetes.io/name"], pod.Labels["app"], owner, pod.Name)
}

// imagesOf returns the images of a pod as written.
func imagesOf(spec *corev1.PodSpec) []string {
	var found []string
	for _, c := range spec.InitContainers {
		found = append(found, c.Image)
	}
	for _, c := range spec.Containers {
		found = append(found, c.Image)
	}
	for _, c := range spec.EphemeralContainers {
		found = append(found, c.Image)
	}
	for _, v := range spec.Volumes {
		if v.Image != nil && v.Image.Reference != "" {
			found = append(found, v.Image.Reference)
		}
	}
	return found
}
