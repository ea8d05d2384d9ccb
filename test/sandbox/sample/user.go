package sample

import (
	"context"
	"fmt"
	"strings"

	corev1 "k8s.io/api/core/v1"
	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/wait"
	"k8s.io/client-go/dynamic"
)

// locationAnnotation is where KKP notes the clusters that have a definition.
const locationAnnotation = "kubermatic.k8c.io/location"

// User fills the API server of a user cluster with what KKP and its users have in one: machines, the profiles of their
// operating systems, and applications.
func (s Sample) User(ctx context.Context, cluster Cluster) error {
	var definitions []*apiextensionsv1.CustomResourceDefinition
	for _, definition := range s.Definitions {
		if isUsers(definition) {
			definitions = append(definitions, definition)
		}
	}
	if err := createDefinitions(ctx, cluster.Config, definitions); err != nil {
		return err
	}
	client, err := dynamic.NewForConfig(cluster.Config)
	if err != nil {
		return err
	}

	return s.Release.fillUserCluster(ctx, client, "user-applications.yaml", "user-machines.yaml")
}

// isUsers tells whether user clusters have objects of a definition.
func isUsers(definition *apiextensionsv1.CustomResourceDefinition) bool {
	return strings.Contains(definition.Annotations[locationAnnotation], "usercluster")
}

// fillUserCluster creates what is in a user cluster, once the API server has made the namespaces of the system.
func (r Release) fillUserCluster(ctx context.Context, client dynamic.Interface, files ...string) error {
	namespaces := client.Resource(corev1.SchemeGroupVersion.WithResource("namespaces"))
	err := wait.PollUntilContextTimeout(ctx, establishInterval, establishTimeout, true, func(ctx context.Context) (bool, error) {
		_, err := namespaces.Get(ctx, metav1.NamespaceSystem, metav1.GetOptions{})
		if apierrors.IsNotFound(err) {
			return false, nil
		}
		return err == nil, err
	})
	if err != nil {
		return fmt.Errorf("waiting for the namespace %s: %w", metav1.NamespaceSystem, err)
	}
	for _, file := range files {
		if _, err := r.createFile(ctx, client, file); err != nil {
			return err
		}
	}
	objects, err := profiles()
	if err == nil {
		_, err = createAll(ctx, client, objects)
	}

	return err
}
