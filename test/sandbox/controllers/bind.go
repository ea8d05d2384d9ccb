package controllers

import (
	"context"
	"log"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/tools/cache"
)

// bindPods has every pod go to the node, in place of a scheduler. There may be no node yet: the pod then waits for it.
func (c *Controllers) bindPods(ctx context.Context, pods cache.SharedIndexInformer) error {
	_, err := pods.AddEventHandler(cache.ResourceEventHandlerFuncs{AddFunc: func(object any) {
		pod, ok := object.(*corev1.Pod)
		if !ok || pod.Spec.NodeName != "" || pod.DeletionTimestamp != nil {
			return
		}
		err := c.client.CoreV1().Pods(pod.Namespace).Bind(ctx, &corev1.Binding{
			ObjectMeta: metav1.ObjectMeta{Name: pod.Name, Namespace: pod.Namespace, UID: pod.UID},
			Target:     corev1.ObjectReference{Kind: "Node", Name: c.node},
		}, metav1.CreateOptions{})
		if err != nil && !apierrors.IsNotFound(err) && ctx.Err() == nil {
			log.Printf("binding the pod %s/%s: %v", pod.Namespace, pod.Name, err)
		}
	}})

	return err
}
