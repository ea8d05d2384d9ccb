package kkp

import (
	"cmp"
	"context"
	"slices"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// podView is the part of a pod that is read.
type podView struct {
	header
	Spec struct {
		InitContainers      []containerView `json:"initContainers"`
		Containers          []containerView `json:"containers"`
		EphemeralContainers []containerView `json:"ephemeralContainers"`
		Volumes             []volumeView    `json:"volumes"`
	} `json:"spec"`
}

type containerView struct {
	Image string `json:"image"`
}

type volumeView struct {
	Image struct {
		Reference string `json:"reference"`
	} `json:"image"`
}

// loadPods reads the pods of some namespaces, in the order of the namespaces. A namespace that does
// not exist has none.
func loadPods(ctx context.Context, client Client, namespaces []string) inNamespaces[Pod] {
	order := make(map[string]int, len(namespaces))
	for i, namespace := range namespaces {
		order[namespace] = i
	}
	pods := readNamespaces(ctx, namespaces, func(ctx context.Context, namespace string) ([]Pod, error) {
		q := query{resource: CoreResource("pods"), namespace: namespace, maxBytes: maxPodsBytes}
		if namespace == metav1.NamespaceAll {
			q.fields = "metadata.namespace!=" + metav1.NamespaceSystem // most of its pods are not KKP's
		}
		views := viewList[podView, Pod]{kind: "Pod", of: podView.pod}
		found, err := views.result(eachAs(ctx, client, q, podMedia, decodePods, views.add))
		return slices.DeleteFunc(found, func(pod Pod) bool {
			_, wanted := order[pod.Namespace]
			return !wanted
		}), err
	})
	slices.SortStableFunc(pods.found, func(a, b Pod) int { return cmp.Compare(order[a.Namespace], order[b.Namespace]) })
	return pods
}

func podFrom(obj *unstructured.Unstructured) (Pod, error) {
	var view podView
	err := decode(obj, &view)
	return view.pod(), err
}

func (v podView) pod() Pod {
	return Pod{Namespace: v.Metadata.Namespace, Name: v.Metadata.Name, Workload: v.workload(), Images: v.images()}
}

// workload returns the workload of a pod from KKP's labels: app.kubernetes.io/name on master and
// Seeds, app in namespaces of user clusters.
func (v podView) workload() string {
	owner := ""
	if len(v.Metadata.OwnerReferences) > 0 {
		owner = v.Metadata.OwnerReferences[0].Name
	}
	labels := v.Metadata.Labels
	return cmp.Or(labels["app.kubernetes.io/name"], labels["app"], owner, v.Metadata.Name)
}

// images returns the images of a pod as written.
func (v podView) images() []string {
	var found []string
	for _, container := range slices.Concat(v.Spec.InitContainers, v.Spec.Containers, v.Spec.EphemeralContainers) {
		found = append(found, container.Image)
	}
	for _, volume := range v.Spec.Volumes {
		if volume.Image.Reference != "" {
			found = append(found, volume.Image.Reference)
		}
	}
	return found
}
