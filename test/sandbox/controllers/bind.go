package controllers

import (
	"context"
	"log"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/client-go/tools/cache"
)

// bindPods has every pod go to the node, in place of a scheduler. There may be no node yet: the pod then waits for it. Of what
// a scheduler looks at, only the labels of the node count.
func (c *Controllers) bindPods(ctx context.Context, pods cache.SharedIndexInformer) error {
	_, err := pods.AddEventHandler(cache.ResourceEventHandlerFuncs{AddFunc: func(object any) {
		pod, ok := object.(*corev1.Pod)
		if !ok || pod.Spec.NodeName != "" || pod.DeletionTimestamp != nil {
			return
		}
		if err := c.bind(ctx, pod); err != nil && !apierrors.IsNotFound(err) && ctx.Err() == nil {
			log.Printf("binding the pod %s/%s: %v", pod.Namespace, pod.Name, err)
		}
	}})

	return err
}

func (c *Controllers) bind(ctx context.Context, pod *corev1.Pod) error {
	node, err := c.client.CoreV1().Nodes().Get(ctx, c.node, metav1.GetOptions{})
	switch {
	case err == nil && !labels.SelectorFromSet(pod.Spec.NodeSelector).Matches(labels.Set(node.Labels)):
		return c.refuse(ctx, pod)
	case err != nil && !apierrors.IsNotFound(err):
		return err
	}

	return c.client.CoreV1().Pods(pod.Namespace).Bind(ctx, &corev1.Binding{
		ObjectMeta: metav1.ObjectMeta{Name: pod.Name, Namespace: pod.Namespace, UID: pod.UID},
		Target:     corev1.ObjectReference{Kind: "Node", Name: c.node},
	}, metav1.CreateOptions{})
}

// refuse says of a pod what Kubernetes' scheduler says where no node has the labels that the pod asks for.
func (c *Controllers) refuse(ctx context.Context, pod *corev1.Pod) error {
	pod = pod.DeepCopy()
	pod.Status.Conditions = append(pod.Status.Conditions, corev1.PodCondition{
		Type: corev1.PodScheduled, Status: corev1.ConditionFalse, Reason: corev1.PodReasonUnschedulable, LastTransitionTime: metav1.Now(),
		Message: "0/1 nodes are available: 1 node(s) didn't match Pod's node affinity/selector.",
	})
	_, err := c.client.CoreV1().Pods(pod.Namespace).UpdateStatus(ctx, pod, metav1.UpdateOptions{})

	return err
}
