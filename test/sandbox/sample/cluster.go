package sample

import (
	"context"
	"errors"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/client-go/dynamic"
)

// userCluster is what a Cluster object says that the sample goes by.
type userCluster struct {
	object                     *unstructured.Unstructured
	name, namespace            string
	version, provider, project string
	cni, proxyMode             string
}

func newUserCluster(object *unstructured.Unstructured) (userCluster, error) {
	var failures []error
	text := func(fields ...string) string {
		value, _, err := unstructured.NestedString(object.Object, fields...)
		failures = append(failures, err)
		return value
	}

	cluster := userCluster{
		object:    object,
		name:      object.GetName(),
		namespace: text("status", "namespaceName"),
		version:   text("spec", "version"),
		provider:  text("spec", "cloud", "providerName"),
		cni:       text("spec", "cniPlugin", "type"),
		proxyMode: text("spec", "clusterNetwork", "proxyMode"),
		project:   object.GetLabels()["project-id"],
	}

	return cluster, errors.Join(failures...)
}

// createCluster creates what KKP keeps on the seed for a user cluster: its namespace, addons and control plane.
func (r Release) createCluster(ctx context.Context, client dynamic.Interface, object *unstructured.Unstructured) error {
	cluster, err := newUserCluster(object)
	if err != nil {
		return err
	}
	namespace, err := cluster.namespaceObject()
	if err != nil {
		return err
	}
	if _, err := create(ctx, client, namespace); err != nil {
		return err
	}

	for _, name := range cluster.addons() {
		if _, err := create(ctx, client, cluster.addon(name)); err != nil {
			return err
		}
	}
	workloads, err := r.clusterWorkloads(cluster)
	if err != nil {
		return err
	}
	labels := map[string]string{"app": "", "cluster": cluster.name}

	return createWorkloads(ctx, client, cluster.namespace, labels, workloads)
}

// namespaceObject is the namespace of the control plane.
func (c userCluster) namespaceObject() (*unstructured.Unstructured, error) {
	return generic(&corev1.Namespace{
		TypeMeta: metav1.TypeMeta{APIVersion: "v1", Kind: "Namespace"},
		ObjectMeta: metav1.ObjectMeta{
			Name:            c.namespace,
			OwnerReferences: []metav1.OwnerReference{*metav1.NewControllerRef(c.object, c.object.GroupVersionKind())},
		},
	})
}

// addons are those of KKP's default list that are installed into this cluster. Cilium is no addon but an application.
func (c userCluster) addons() []string {
	names := []string{"csi", "default-storage-class", "kubeadm-configmap", "kubelet-configmap", "rbac"}
	if c.proxyMode != "ebpf" {
		names = append(names, "kube-proxy")
	}
	if c.cni == "canal" {
		names = append(names, "canal")
	}
	if c.provider == "vsphere" {
		names = append(names, "acme-agent") // of the installation's own
	}
	if c.provider == "aws" {
		names = append(names, "aws-node-termination-handler")
	}

	return names
}

func (c userCluster) addon(name string) *unstructured.Unstructured {
	return &unstructured.Unstructured{Object: map[string]any{
		"apiVersion": c.object.GetAPIVersion(),
		"kind":       "Addon",
		"metadata": map[string]any{
			"name":      name,
			"namespace": c.namespace,
			"labels":    map[string]any{"project-id": c.project},
		},
		"spec": map[string]any{
			"name":      name,
			"isDefault": true,
			"cluster": map[string]any{
				"apiVersion": c.object.GetAPIVersion(),
				"kind":       c.object.GetKind(),
				"name":       c.name,
				"uid":        string(c.object.GetUID()),
			},
		},
		"status": map[string]any{"phase": "Healthy"},
	}}
}
