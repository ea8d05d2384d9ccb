package incluster

import (
	"cmp"
	"fmt"
	"slices"

	corev1 "k8s.io/api/core/v1"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/bounded"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/podreason"
)

// maxReason bounds the reason of an obstacle, in characters: a registry wrote part of it.
const maxReason = 600

// Kind says who can remove an obstacle.
type Kind string

// The kinds of obstacles.
const (
	ImagePull  Kind = "image"      // the node cannot pull the image
	NotAllowed Kind = "admission"  // a quota, Pod Security or another policy refuses the pod
	NoNode     Kind = "scheduling" // no node takes the pod
	NoStart    Kind = "container"  // the node cannot start the container
)

// Obstacle is what keeps a pod from starting.
type Obstacle struct {
	Kind   Kind
	Pod    string // "" if no pod exists
	Reason string // in the words of Kubernetes
}

// Text returns the obstacle on one line.
func (o Obstacle) Text() string {
	if o.Pod == "" {
		return "no pod could be created: " + o.Reason
	}
	return fmt.Sprintf("pod %s does not start: %s", o.Pod, o.Reason)
}

// Remedy returns what to do about the obstacle, on one line.
func (o Obstacle) Remedy() string {
	switch o.Kind {
	case ImagePull:
		return "the nodes must reach the registry, trust its certificate and be able to log in there; " +
			"patch-seed sets this up for nodes of user clusters. Or pass --image with the plugin in a registry from which the nodes pull"
	case NotAllowed:
		return "ask the administrator of the namespace for this quota or permission, or pass another namespace with --job-namespace"
	case NoNode:
		return "make room on a node, or choose nodes with --node-selector and --toleration. For nodes of another architecture, pass --plugin-archive or --image"
	default:
		return "see the events of the pod with kubectl describe"
	}
}

// FindObstacle returns what keeps the pods of a Job from starting, false if nothing does that
// Kubernetes has told. warnings are the events of the type Warning of the Job itself.
func FindObstacle(pods []corev1.Pod, warnings []corev1.Event) (Obstacle, bool) {
	for i := range pods {
		if o, ok := ofPod(&pods[i]); ok {
			return o, true
		}
	}
	if len(pods) > 0 {
		return Obstacle{}, false
	}
	const failedCreate = "FailedCreate" // kubernetes pkg/controller/controller_utils.go, FailedCreatePodReason
	refused := slices.DeleteFunc(slices.Clone(warnings), func(e corev1.Event) bool { return e.Reason != failedCreate })
	if len(refused) == 0 {
		return Obstacle{}, false
	}
	newest := slices.MaxFunc(refused, func(a, b corev1.Event) int { return a.LastTimestamp.Compare(b.LastTimestamp.Time) })
	return Obstacle{Kind: NotAllowed, Reason: bounded.Text(newest.Message, maxReason)}, true
}

func ofPod(pod *corev1.Pod) (Obstacle, bool) {
	if pod.DeletionTimestamp != nil || pod.Status.Phase != corev1.PodPending {
		return Obstacle{}, false
	}
	for _, status := range pod.Status.ContainerStatuses {
		waiting := status.State.Waiting
		if waiting == nil || podreason.IsStart(waiting.Reason) {
			continue
		}
		return Obstacle{Kind: kindOf(waiting.Reason), Pod: pod.Name, Reason: bounded.Text(podreason.WithMessage(waiting.Reason, waiting.Message), maxReason)}, true
	}
	for _, condition := range pod.Status.Conditions {
		if condition.Type == corev1.PodScheduled && condition.Status == corev1.ConditionFalse {
			return Obstacle{Kind: NoNode, Pod: pod.Name, Reason: bounded.Text(podreason.WithMessage(condition.Reason, condition.Message), maxReason)}, true
		}
	}
	return Obstacle{}, false
}

// kindOf tells failures to pull from others, by the reasons of the kubelet.
func kindOf(reason string) Kind {
	if podreason.IsPull(reason) {
		return ImagePull
	}
	return NoStart
}

// Started reports whether the container of a pod has started, now or before.
func Started(pod *corev1.Pod) bool {
	for _, status := range pod.Status.ContainerStatuses {
		if status.Name == Container && (status.State.Running != nil || status.State.Terminated != nil) {
			return true
		}
	}
	return false
}

// End is how the container of a pod ended.
type End struct {
	ExitCode int
	Message  string // the end of its log after a failure, or the reason, such as "OOMKilled"
}

// EndOf returns how the container of a pod ended, false if it has not.
func EndOf(pod *corev1.Pod) (End, bool) {
	for _, status := range pod.Status.ContainerStatuses {
		if ended := status.State.Terminated; status.Name == Container && ended != nil {
			return End{ExitCode: int(ended.ExitCode), Message: bounded.Text(cmp.Or(ended.Message, ended.Reason), maxReason)}, true
		}
	}
	if pod.Status.Phase == corev1.PodFailed { // evicted before the container had started
		return End{ExitCode: -1, Message: bounded.Text(podreason.WithMessage(pod.Status.Reason, pod.Status.Message), maxReason)}, true
	}
	return End{}, false
}
