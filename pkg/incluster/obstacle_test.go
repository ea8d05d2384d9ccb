package incluster_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/incluster"
)

func TestFindObstacle(t *testing.T) {
	waiting := func(reason, message string) corev1.Pod {
		return corev1.Pod{ObjectMeta: metav1.ObjectMeta{Name: "p"}, Status: corev1.PodStatus{Phase: corev1.PodPending, ContainerStatuses: []corev1.ContainerStatus{
			{Name: incluster.Container, State: corev1.ContainerState{Waiting: &corev1.ContainerStateWaiting{Reason: reason, Message: message}}},
		}}}
	}
	refused := func(minute int, message string) corev1.Event {
		return corev1.Event{Reason: "FailedCreate", Message: message, LastTimestamp: metav1.Time{Time: time.Unix(int64(minute)*60, 0)}}
	}
	unscheduled := corev1.Pod{ObjectMeta: metav1.ObjectMeta{Name: "p"}, Status: corev1.PodStatus{Phase: corev1.PodPending, Conditions: []corev1.PodCondition{
		{Type: corev1.PodScheduled, Status: corev1.ConditionFalse, Reason: "Unschedulable", Message: "0/3 nodes are available"},
	}}}
	deleted := waiting("ErrImagePull", "")
	deleted.DeletionTimestamp = &metav1.Time{}
	for _, c := range []struct {
		name     string
		pods     []corev1.Pod
		warnings []corev1.Event
		want     incluster.Obstacle // zero: none
	}{
		{name: "nothing is known yet"},
		{name: "the container is created", pods: []corev1.Pod{waiting("ContainerCreating", "")}},
		{
			name: "the image cannot be pulled", pods: []corev1.Pod{waiting("ImagePullBackOff", "Back-off pulling image: not found")},
			want: incluster.Obstacle{Kind: incluster.ImagePull, Pod: "p", Reason: "ImagePullBackOff: Back-off pulling image: not found"},
		},
		{
			name: "the name of the image is wrong", pods: []corev1.Pod{waiting("InvalidImageName", "")},
			want: incluster.Obstacle{Kind: incluster.ImagePull, Pod: "p", Reason: "InvalidImageName"},
		},
		{
			name: "the container is refused", pods: []corev1.Pod{waiting("CreateContainerConfigError", `secret "x" not found`)},
			want: incluster.Obstacle{Kind: incluster.NoStart, Pod: "p", Reason: `CreateContainerConfigError: secret "x" not found`},
		},
		{
			name: "no node takes the pod", pods: []corev1.Pod{unscheduled},
			want: incluster.Obstacle{Kind: incluster.NoNode, Pod: "p", Reason: "Unschedulable: 0/3 nodes are available"},
		},
		{
			name: "a quota", warnings: []corev1.Event{refused(2, "exceeded quota: new"), refused(1, "exceeded quota: old"), {Reason: "Other", Message: "x"}},
			want: incluster.Obstacle{Kind: incluster.NotAllowed, Reason: "exceeded quota: new"},
		},
		{name: "a refusal that is over", pods: []corev1.Pod{waiting("ContainerCreating", "")}, warnings: []corev1.Event{refused(1, "exceeded quota")}},
		{name: "a pod that goes", pods: []corev1.Pod{deleted}},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, blocked := incluster.FindObstacle(c.pods, c.warnings)
			if diff := cmp.Diff(c.want, got); diff != "" || blocked != (c.want != incluster.Obstacle{}) {
				t.Errorf("%t, want (-), got (+):\n%s", blocked, diff)
			}
			if blocked && (!strings.Contains(got.Text(), c.want.Reason) || got.Remedy() == "") {
				t.Errorf("%s\n%s", got.Text(), got.Remedy())
			}
		})
	}
}

// A registry writes part of the reason.
func TestReasonsAreBounded(t *testing.T) {
	pod := corev1.Pod{Status: corev1.PodStatus{Phase: corev1.PodPending, ContainerStatuses: []corev1.ContainerStatus{
		{State: corev1.ContainerState{Waiting: &corev1.ContainerStateWaiting{Reason: "ErrImagePull", Message: strings.Repeat("é", 1<<20)}}},
	}}}
	if got, _ := incluster.FindObstacle([]corev1.Pod{pod}, nil); len(got.Reason) > 1300 {
		t.Errorf("%d bytes", len(got.Reason))
	}
}

func TestEndOf(t *testing.T) {
	ended := func(code int32, reason, message string) *corev1.Pod {
		return &corev1.Pod{Status: corev1.PodStatus{ContainerStatuses: []corev1.ContainerStatus{
			{Name: incluster.Container, State: corev1.ContainerState{Terminated: &corev1.ContainerStateTerminated{ExitCode: code, Reason: reason, Message: message}}},
		}}}
	}
	for _, c := range []struct {
		name  string
		pod   *corev1.Pod
		want  incluster.End
		ended bool
	}{
		{"killed", ended(137, "OOMKilled", ""), incluster.End{ExitCode: 137, Message: "OOMKilled"}, true},
		{"failed", ended(1, "Error", "the end of the log"), incluster.End{ExitCode: 1, Message: "the end of the log"}, true},
		{"evicted", &corev1.Pod{Status: corev1.PodStatus{Phase: corev1.PodFailed, Reason: "Evicted", Message: "the node was low on memory"}}, incluster.End{ExitCode: -1, Message: "Evicted: the node was low on memory"}, true},
		{"not yet", &corev1.Pod{Status: corev1.PodStatus{Phase: corev1.PodPending}}, incluster.End{}, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got, ok := incluster.EndOf(c.pod); got != c.want || ok != c.ended {
				t.Errorf("got %+v, %t", got, ok)
			}
		})
	}
}
