package kkp_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/kkp"
)

func TestNotReadyPods(t *testing.T) {
	minute := 0
	pod := func(name, app string, status corev1.PodStatus) *corev1.Pod {
		minute++
		return &corev1.Pod{
			TypeMeta: metav1.TypeMeta{APIVersion: "v1", Kind: "Pod"},
			ObjectMeta: metav1.ObjectMeta{
				Name: name, Namespace: "dex", Labels: map[string]string{"app": app},
				CreationTimestamp: metav1.NewTime(time.Date(2026, 9, 1, 8, minute, 0, 0, time.UTC)),
			},
			Status: status,
		}
	}
	waiting := func(reason, message string) []corev1.ContainerStatus {
		return []corev1.ContainerStatus{{Name: "dex", State: corev1.ContainerState{Waiting: &corev1.ContainerStateWaiting{Reason: reason, Message: message}}}}
	}
	deleted := pod("deleted", "dex", corev1.PodStatus{Phase: corev1.PodRunning})
	deleted.DeletionTimestamp, deleted.Finalizers = new(metav1.Now()), []string{"example.com/stays"}
	pods := []*corev1.Pod{
		deleted,
		pod("ready", "dex", corev1.PodStatus{Phase: corev1.PodRunning, Conditions: []corev1.PodCondition{{Type: corev1.PodReady, Status: corev1.ConditionTrue}}}),
		pod("done", "dex", corev1.PodStatus{Phase: corev1.PodSucceeded}),
		pod("other", "other", corev1.PodStatus{Phase: corev1.PodPending, ContainerStatuses: waiting("ErrImagePull", "")}),
		pod("new", "dex", corev1.PodStatus{}),
		pod("unbound", "dex", corev1.PodStatus{Phase: corev1.PodPending, Conditions: []corev1.PodCondition{
			{Type: corev1.PodScheduled, Status: corev1.ConditionFalse, Reason: "Unschedulable", Message: "no node fits"},
		}}),
		pod("crashed", "dex", corev1.PodStatus{Phase: corev1.PodRunning, ContainerStatuses: []corev1.ContainerStatus{
			{Name: "dex", State: corev1.ContainerState{Terminated: &corev1.ContainerStateTerminated{ExitCode: 7}}},
		}}),
		pod("slow", "dex", corev1.PodStatus{Phase: corev1.PodRunning, ContainerStatuses: []corev1.ContainerStatus{
			{Name: "dex", State: corev1.ContainerState{Running: &corev1.ContainerStateRunning{}}},
		}}),
		pod("init", "dex", corev1.PodStatus{
			Phase: corev1.PodPending, InitContainerStatuses: waiting("ImagePullBackOff", strings.Repeat("ü", 500)), ContainerStatuses: waiting("PodInitializing", ""),
		}),
	}
	var all []*unstructured.Unstructured
	for _, pod := range pods {
		all = append(all, generic(t, pod))
	}
	found, err := kkp.NotReadyPods(t.Context(), newAPI(all...).client(t), "dex", "app=dex")
	if err != nil {
		t.Fatal(err)
	}
	want := []kkp.NotReady{
		{Name: "init", Reason: "container dex: ImagePullBackOff: " + strings.Repeat("ü", 400-len("container dex: ImagePullBackOff: ")) + " …"},
		{Name: "slow", Reason: "container dex: running, but not ready"},
		{Name: "crashed", Reason: "container dex: exit code 7"},
		{Name: "unbound", Reason: "Unschedulable: no node fits"},
		{Name: "new", Reason: "no state yet"},
	}
	if diff := cmp.Diff(want, found); diff != "" {
		t.Error(diff)
	}
}
