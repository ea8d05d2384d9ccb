package sample

import (
	"context"
	"fmt"
	"time"

	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	"k8s.io/apiextensions-apiserver/pkg/client/clientset/clientset"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/wait"
	"k8s.io/client-go/rest"
)

const (
	establishTimeout  = 30 * time.Second
	establishInterval = 50 * time.Millisecond
)

// createDefinitions creates KKP's CustomResourceDefinitions and waits until their objects can be created.
func createDefinitions(ctx context.Context, config *rest.Config, definitions []*apiextensionsv1.CustomResourceDefinition) error {
	client, err := clientset.NewForConfig(config)
	if err != nil {
		return err
	}
	api := client.ApiextensionsV1().CustomResourceDefinitions()
	for _, definition := range definitions {
		// Each API server gets a copy of its own.
		if _, err := api.Create(ctx, definition.DeepCopy(), metav1.CreateOptions{}); err != nil {
			return fmt.Errorf("creating the definition of %s: %w", definition.Name, err)
		}
	}
	for _, definition := range definitions {
		err := wait.PollUntilContextTimeout(ctx, establishInterval, establishTimeout, true, func(ctx context.Context) (bool, error) {
			current, err := api.Get(ctx, definition.Name, metav1.GetOptions{})
			return err == nil && established(current), err
		})
		if err != nil {
			return fmt.Errorf("waiting for the definition of %s: %w", definition.Name, err)
		}
	}

	return nil
}

func established(definition *apiextensionsv1.CustomResourceDefinition) bool {
	for _, condition := range definition.Status.Conditions {
		if condition.Type == apiextensionsv1.Established {
			return condition.Status == apiextensionsv1.ConditionTrue
		}
	}

	return false
}
