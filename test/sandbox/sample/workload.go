package sample

import (
	"context"
	"fmt"
	"hash/fnv"
	"maps"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/dynamic"
)

// container is the name of a container and the image that it runs.
type container struct{ name, image string }

// workload is a Deployment or StatefulSet with one pod.
type workload struct {
	name       string
	stateful   bool
	init       []container
	containers []container
}

// simple is the most frequent kind of workload: a Deployment with one container.
func simple(name, containerName, image string) workload {
	return workload{name: name, containers: []container{{containerName, image}}}
}

// createWorkloads creates the workloads with the given labels, and their pods, which no controller would create.
// A label whose value is empty gets the name of its workload.
func createWorkloads(ctx context.Context, client dynamic.Interface, namespace string, labels map[string]string, workloads []workload) error {
	for _, workload := range workloads {
		own := maps.Clone(labels)
		for key, value := range own {
			if value == "" {
				own[key] = workload.name
			}
		}
		for _, object := range []runtime.Object{workload.controller(namespace, own), workload.pod(namespace, own)} {
			content, err := generic(object)
			if err != nil {
				return err
			}
			if _, err := create(ctx, client, content); err != nil {
				return err
			}
		}
	}

	return nil
}

func (w workload) controller(namespace string, labels map[string]string) runtime.Object {
	meta := metav1.ObjectMeta{Name: w.name, Namespace: namespace, Labels: labels}
	selector := &metav1.LabelSelector{MatchLabels: labels}
	template := corev1.PodTemplateSpec{ObjectMeta: metav1.ObjectMeta{Labels: labels}, Spec: w.podSpec()}

	if w.stateful {
		return &appsv1.StatefulSet{
			TypeMeta:   metav1.TypeMeta{APIVersion: "apps/v1", Kind: "StatefulSet"},
			ObjectMeta: meta,
			Spec:       appsv1.StatefulSetSpec{ServiceName: w.name, Selector: selector, Template: template},
			Status:     appsv1.StatefulSetStatus{ObservedGeneration: 1, Replicas: 1, ReadyReplicas: 1, AvailableReplicas: 1},
		}
	}

	return &appsv1.Deployment{
		TypeMeta:   metav1.TypeMeta{APIVersion: "apps/v1", Kind: "Deployment"},
		ObjectMeta: meta,
		Spec:       appsv1.DeploymentSpec{Selector: selector, Template: template},
		Status:     appsv1.DeploymentStatus{ObservedGeneration: 1, Replicas: 1, UpdatedReplicas: 1, ReadyReplicas: 1, AvailableReplicas: 1},
	}
}

func (w workload) pod(namespace string, labels map[string]string) *corev1.Pod {
	return &corev1.Pod{
		TypeMeta:   metav1.TypeMeta{APIVersion: "v1", Kind: "Pod"},
		ObjectMeta: metav1.ObjectMeta{Name: w.podName(namespace), Namespace: namespace, Labels: labels},
		Spec:       w.podSpec(),
		Status: corev1.PodStatus{
			Phase:      corev1.PodRunning,
			Conditions: []corev1.PodCondition{{Type: corev1.PodReady, Status: corev1.ConditionTrue}},

			ContainerStatuses: running(w.containers),
		},
	}
}

func running(from []container) []corev1.ContainerStatus {
	var result []corev1.ContainerStatus
	for _, container := range from {
		result = append(result, corev1.ContainerStatus{
			Name: container.name, Image: container.image, Ready: true,
			State: corev1.ContainerState{Running: &corev1.ContainerStateRunning{}},
		})
	}

	return result
}

// podName looks like the names that controllers make up, but is always the same.
func (w workload) podName(namespace string) string {
	if w.stateful {
		return w.name + "-0"
	}
	hash := fnv.New64a()
	fmt.Fprintf(hash, "%s/%s", namespace, w.name)
	digits := fmt.Sprintf("%016x", hash.Sum64())

	return fmt.Sprintf("%s-%s-%s", w.name, digits[:10], digits[10:15])
}

func (w workload) podSpec() corev1.PodSpec {
	return corev1.PodSpec{InitContainers: containers(w.init), Containers: containers(w.containers)}
}

func containers(from []container) []corev1.Container {
	var result []corev1.Container
	for _, container := range from {
		result = append(result, corev1.Container{Name: container.name, Image: container.image})
	}

	return result
}
