package kkp

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	corev1 "k8s.io/api/core/v1"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/bounded"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/podreason"
)

// maxReason bounds the reason of a pod, in characters: a registry wrote part of it.
const maxReason = 400

// NotReady is a pod that is not ready, and why.
type NotReady struct {
	Name   string
	Reason string // "container dex: ImagePullBackOff: Back-off pulling image …"
}

// NotReadyPods reads the pods of a namespace that a label selector selects, and returns
// those that are not ready, the newest first. Pods that are done or being deleted are none.
func NotReadyPods(ctx context.Context, client Client, namespace, selector string) ([]NotReady, error) {
	var pods []corev1.Pod
	q := query{resource: CoreResource("pods"), namespace: namespace, labels: selector}
	err := each(ctx, client, q, func(pod corev1.Pod, err error) error {
		pods = append(pods, pod)
		return err
	})
	if err != nil {
		return nil, err
	}
	slices.SortStableFunc(pods, func(a, b corev1.Pod) int {
		return b.CreationTimestamp.Compare(a.CreationTimestamp.Time)
	})
	var found []NotReady
	for _, pod := range pods {
		if pod.DeletionTimestamp == nil && pod.Status.Phase != corev1.PodSucceeded && !isReady(&pod) {
			found = append(found, NotReady{pod.Name, bounded.Text(whyNotReady(&pod), maxReason)})
		}
	}
	return found, nil
}

func isReady(pod *corev1.Pod) bool {
	return slices.ContainsFunc(pod.Status.Conditions, func(c corev1.PodCondition) bool {
		return c.Type == corev1.PodReady && c.Status == corev1.ConditionTrue
	})
}

// whyNotReady takes the first container that says why, and else what the pod says itself.
func whyNotReady(pod *corev1.Pod) string {
	for _, status := range slices.Concat(pod.Status.InitContainerStatuses, pod.Status.ContainerStatuses) {
		container := "container " + status.Name + ": "
		switch state := status.State; {
		case state.Waiting != nil && !podreason.IsStart(state.Waiting.Reason):
			return container + podreason.WithMessage(state.Waiting.Reason, state.Waiting.Message)
		case state.Terminated != nil && state.Terminated.ExitCode != 0:
			return container + podreason.WithMessage(fmt.Sprintf("exit code %d", state.Terminated.ExitCode), state.Terminated.Message)
		case state.Running != nil && !status.Ready && pod.Status.Phase == corev1.PodRunning:
			return container + "running, but not ready"
		}
	}
	for _, condition := range pod.Status.Conditions {
		if condition.Status == corev1.ConditionFalse && condition.Message != "" {
			return podreason.WithMessage(condition.Reason, condition.Message)
		}
	}
	return cmp.Or(string(pod.Status.Phase), "no state yet")
}
