package kkp

import (
	"cmp"
	"context"
	"slices"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/bounded"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/podreason"
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
	Status struct {
		InitContainers      []statusView `json:"initContainerStatuses"`
		Containers          []statusView `json:"containerStatuses"`
		EphemeralContainers []statusView `json:"ephemeralContainerStatuses"`
	} `json:"status"`
}

type containerView struct {
	Name  string `json:"name"`
	Image string `json:"image"`
}

// statusView is the part of the status of a container that is read.
type statusView struct {
	Name  string `json:"name"`
	State struct {
		Waiting struct {
			Reason  string `json:"reason"`
			Message string `json:"message"`
		} `json:"waiting"`
	} `json:"state"`
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
	return Pod{Namespace: v.Metadata.Namespace, Name: v.Metadata.Name, Workload: v.workload(), Images: v.images(), Pulls: v.pulls()}
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
	for _, container := range v.containers() {
		found = append(found, container.Image)
	}
	for _, volume := range v.Spec.Volumes {
		if volume.Image.Reference != "" {
			found = append(found, volume.Image.Reference)
		}
	}
	return found
}

// containers are all containers of a pod.
func (v podView) containers() []containerView {
	return slices.Concat(v.Spec.InitContainers, v.Spec.Containers, v.Spec.EphemeralContainers)
}

// pulls returns the containers whose image cannot be pulled.
func (v podView) pulls() []FailedPull {
	var failed []FailedPull
	for _, status := range slices.Concat(v.Status.InitContainers, v.Status.Containers, v.Status.EphemeralContainers) {
		waiting := status.State.Waiting
		if !podreason.IsPull(waiting.Reason) {
			continue
		}
		pull := FailedPull{Container: status.Name, Reason: waiting.Reason, Message: bounded.Text(waiting.Message, maxReason)}
		for _, container := range v.containers() {
			if container.Name == status.Name {
				pull.Image = container.Image
			}
		}
		failed = append(failed, pull)
	}
	return failed
}
