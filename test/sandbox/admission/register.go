package admission

import (
	"context"
	"errors"
	"fmt"
	"time"

	admissionregistrationv1 "k8s.io/api/admissionregistration/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/wait"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
)

const (
	activeTimeout   = 30 * time.Second
	activeInterval  = 50 * time.Millisecond
	answerTimeout   = 10 // seconds
	configurationOf = "kubermaticconfigurations"
)

// Register has an API server ask this server about the KubermaticConfiguration and Seeds in a namespace, and about
// ApplicationDefinitions, under the names that KKP's webhooks have. It returns when the API server does so.
func (s *Server) Register(ctx context.Context, config *rest.Config, namespace, configuration string) error {
	client, err := kubernetes.NewForConfig(config)
	if err != nil {
		return err
	}
	api := client.AdmissionregistrationV1().ValidatingWebhookConfigurations()
	create := []admissionregistrationv1.OperationType{admissionregistrationv1.Create, admissionregistrationv1.Update}
	for _, hook := range []*admissionregistrationv1.ValidatingWebhookConfiguration{
		s.webhook("kubermatic-configuration-"+namespace, namespace, configurationOf, configurationPath, create),
		s.webhook("kubermatic-applicationdefinitions", namespace, "applicationdefinitions", definitionPath, create),
		s.webhook("kubermatic-seeds-"+namespace, namespace, "seeds", seedPath, append(create, admissionregistrationv1.Delete)),
	} {
		if _, err := api.Create(ctx, hook, metav1.CreateOptions{}); err != nil {
			return fmt.Errorf("creating the webhook %s: %w", hook.Name, err)
		}
	}

	return awaitWebhook(ctx, config, namespace, configuration)
}

func (s *Server) webhook(name, namespace, resource, path string, operations []admissionregistrationv1.OperationType) *admissionregistrationv1.ValidatingWebhookConfiguration {
	return &admissionregistrationv1.ValidatingWebhookConfiguration{
		ObjectMeta: metav1.ObjectMeta{Name: name},
		Webhooks: []admissionregistrationv1.ValidatingWebhook{{
			Name:                    resource + ".kubermatic.io",
			AdmissionReviewVersions: []string{"v1"},
			ClientConfig:            admissionregistrationv1.WebhookClientConfig{URL: new(s.URL + path), CABundle: s.CA},
			NamespaceSelector:       &metav1.LabelSelector{MatchLabels: map[string]string{"kubernetes.io/metadata.name": namespace}},
			Rules: []admissionregistrationv1.RuleWithOperations{{
				Operations: operations,
				Rule: admissionregistrationv1.Rule{
					APIGroups: []string{"kubermatic.k8c.io", "apps.kubermatic.k8c.io"}, APIVersions: []string{"*"}, Resources: []string{resource},
				},
			}},
			FailurePolicy:  new(admissionregistrationv1.Fail),
			SideEffects:    new(admissionregistrationv1.SideEffectClassNone),
			TimeoutSeconds: new(int32(answerTimeout)),
		}},
	}
}

// awaitWebhook tries a change that must be refused until it is: an API server takes a moment to heed a new webhook.
func awaitWebhook(ctx context.Context, config *rest.Config, namespace, configuration string) error {
	client, err := dynamic.NewForConfig(config)
	if err != nil {
		return err
	}
	resource := schema.GroupVersionResource{Group: "kubermatic.k8c.io", Version: "v1", Resource: configurationOf}
	bad := []byte(`{"spec": {"api": {"dockerRepository": "registry.example:5000"}}}`)
	options := metav1.PatchOptions{DryRun: []string{metav1.DryRunAll}}
	var last error
	err = wait.PollUntilContextTimeout(ctx, activeInterval, activeTimeout, true, func(ctx context.Context) (bool, error) {
		_, last = client.Resource(resource).Namespace(namespace).Patch(ctx, configuration, types.MergePatchType, bad, options)
		return apierrors.IsForbidden(last), nil
	})
	if err != nil {
		return fmt.Errorf("waiting for the API server to ask the webhook: %w", errors.Join(err, last))
	}

	return nil
}
