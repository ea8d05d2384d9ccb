package apply

import (
	"context"
	"fmt"
	"slices"
	"strings"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
)

// WebhookError says that the API server could not ask a webhook that has to agree to every
// change of an object.
type WebhookError struct {
	Object   string
	Webhooks []string // "validatingwebhookconfiguration/NAME", whose failurePolicy is Fail
	Err      error
}

func (e *WebhookError) Error() string {
	return fmt.Sprintf("%s: the API server failed to ask a webhook, and without its answer refuses every change (failurePolicy Fail): %v\n"+
		"KKP's webhook does not run where its image cannot be pulled. Either print the files with the change, to apply them when the webhook runs again: -f FILE; or let the API "+
		"server do without the webhook until KKP's operator restores the webhook configuration, and run the command again:\n  kubectl delete %s",
		e.Object, e.Err, strings.Join(e.Webhooks, " "))
}

// Unwrap returns what the server said.
func (e *WebhookError) Unwrap() error { return e.Err }

// webhooks are the webhook configurations that have to agree to changes of a resource. An API
// server reports a webhook that it cannot reach as an internal error of its own, and one that
// takes too long as a timeout.
func (c Client) webhooks(ctx context.Context, resource schema.GroupVersionResource, err error) []string {
	if !apierrors.IsInternalError(err) && !apierrors.IsTimeout(err) {
		return nil
	}
	var names []string
	for _, kind := range []string{"mutatingwebhookconfiguration", "validatingwebhookconfiguration"} {
		at := schema.GroupVersionResource{Group: "admissionregistration.k8s.io", Version: "v1", Resource: kind + "s"}
		found, err := c.Resource(at).List(ctx, metav1.ListOptions{})
		if err != nil {
			continue // not everybody may list them
		}
		for _, item := range found.Items {
			hooks, _ := Path{"webhooks"}.Lookup(item.Object).([]any)
			if slices.ContainsFunc(hooks, func(hook any) bool { return decides(hook, resource) }) {
				names = append(names, kind+"/"+item.GetName())
			}
		}
	}
	return names
}

// decides tells whether a webhook has to agree to changes of a resource.
func decides(hook any, resource schema.GroupVersionResource) bool {
	fields, _ := hook.(map[string]any)
	if policy, ok := fields["failurePolicy"].(string); ok && policy != "Fail" {
		return false
	}
	rules, _ := fields["rules"].([]any)
	return slices.ContainsFunc(rules, func(rule any) bool {
		of, _ := rule.(map[string]any)
		has := func(key, value string) bool {
			values, _ := of[key].([]any)
			return slices.Contains(values, any(value))
		}
		return has("apiGroups", resource.Group) && (has("resources", resource.Resource) || has("resources", "*"))
	})
}
