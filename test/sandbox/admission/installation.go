package admission

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
)

// Live is the installation in an API server.
type Live struct {
	// Config leads to the API server.
	Config *rest.Config
	// Namespace is KKP's.
	Namespace string
	// Master says whether Seeds lead to their clusters by Secrets. A seed's own copy is about the cluster that it is in.
	Master bool
}

// Seeds implements Installation.
func (l Live) Seeds(ctx context.Context) ([]Seed, error) {
	return list[Seed](ctx, l.Config, "seeds", l.Namespace)
}

// Clusters implements Installation.
func (l Live) Clusters(ctx context.Context, seed Seed) ([]Cluster, error) {
	config := l.Config
	if l.Master {
		var err error
		if config, err = l.follow(ctx, seed); err != nil {
			return nil, err
		}
	}

	return list[Cluster](ctx, config, "clusters", metav1.NamespaceAll)
}

// follow returns the way to a Seed's cluster, which its Secret holds.
func (l Live) follow(ctx context.Context, seed Seed) (*rest.Config, error) {
	client, err := kubernetes.NewForConfig(l.Config)
	if err != nil {
		return nil, err
	}
	at := seed.Spec.Kubeconfig
	namespace, key := cmp.Or(at.Namespace, seed.Metadata.Namespace), cmp.Or(at.FieldPath, "kubeconfig")
	secret, err := client.CoreV1().Secrets(namespace).Get(ctx, at.Name, metav1.GetOptions{})
	if err != nil {
		return nil, err
	}
	config, err := clientcmd.RESTConfigFromKubeConfig(secret.Data[key])
	if err != nil {
		return nil, fmt.Errorf("the kubeconfig in Secret %s/%s: %w", namespace, at.Name, err)
	}

	return config, nil
}

// list returns the objects of a kind of KKP's.
func list[T any](ctx context.Context, config *rest.Config, resource, namespace string) ([]T, error) {
	client, err := dynamic.NewForConfig(config)
	if err != nil {
		return nil, err
	}
	kind := schema.GroupVersionResource{Group: "kubermatic.k8c.io", Version: "v1", Resource: resource}
	objects, err := client.Resource(kind).Namespace(namespace).List(ctx, metav1.ListOptions{})
	if err != nil {
		return nil, err
	}
	found := make([]T, len(objects.Items))
	for i, object := range objects.Items {
		text, err := object.MarshalJSON()
		if err != nil {
			return nil, err
		}
		if err := json.Unmarshal(text, &found[i]); err != nil {
			return nil, err
		}
	}

	return found, nil
}
