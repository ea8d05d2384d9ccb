package apply

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	jsonpatch "gopkg.in/evanphx/json-patch.v4"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/dynamic"
)

// Manager is the default field manager.
const Manager = "kubectl-kkp-mirror"

// Client applies changes to objects.
type Client struct {
	dynamic.Interface
	Manager string // the field manager
	Force   bool   // take fields from other managers
	DryRun  bool   // server-side dry run: nothing is changed
}

// ConflictError lists fields of the change that other managers own.
type ConflictError struct {
	Object string
	Fields []string // `spec.ui.dockerRepository, owned by "argocd-controller"`
	Err    error
}

func (e *ConflictError) Error() string {
	return fmt.Sprintf("%s: not changed, because other field managers own these fields:\n  %s\n"+
		"Change the fields there (--dry-run=client -o yaml prints the change), or take them over with --force-conflicts",
		e.Object, strings.Join(e.Fields, "\n  "))
}

// Unwrap returns the API server's error.
func (e *ConflictError) Unwrap() error { return e.Err }

// StaleError says that another client has changed an object since it was read.
type StaleError struct {
	Object string
	Err    error
}

func (e *StaleError) Error() string {
	return fmt.Sprintf("%s: not changed, because another client changed it in the meantime. Run the command again", e.Object)
}

// Unwrap returns the API server's error.
func (e *StaleError) Unwrap() error { return e.Err }

// Apply carries a change out and returns the object as the server has it then. It fails
// with a *ConflictError if a field has another owner, with a *StaleError if the object is
// not any more what the change was worked out for, and with a *WebhookError if the server could not ask a webhook.
func (c Client) Apply(ctx context.Context, resource schema.GroupVersionResource, change Change) (*unstructured.Unstructured, error) {
	kind, data, err := c.request(change)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", Name(change.Live), err)
	}
	options := metav1.PatchOptions{FieldManager: c.Manager, FieldValidation: metav1.FieldValidationStrict}
	if kind == types.ApplyPatchType {
		force := c.Force || !c.foreign(change)
		options.Force = &force
	}
	if c.DryRun {
		options.DryRun = []string{metav1.DryRunAll}
	}
	object, err := c.Resource(resource).Namespace(change.Live.GetNamespace()).Patch(ctx, change.Live.GetName(), kind, data, options)
	if err != nil {
		if hooks := c.webhooks(ctx, resource, err); len(hooks) > 0 {
			return nil, &WebhookError{Object: Name(change.Live), Webhooks: hooks, Err: err}
		}
		return nil, c.explain(change, err)
	}
	return object, nil
}

// request returns the patch for a change. A revert is a merge patch, because server-side apply
// would leave empty maps.
func (c Client) request(change Change) (types.PatchType, []byte, error) {
	if !change.revert {
		configuration, err := c.configuration(change)
		if err != nil {
			return "", nil, err
		}
		data, err := json.Marshal(configuration)
		return types.ApplyPatchType, data, err
	}
	before, err := json.Marshal(change.Live)
	if err != nil {
		return "", nil, err
	}
	after, err := json.Marshal(change.After)
	if err != nil {
		return "", nil, err
	}
	data, err := jsonpatch.CreateMergePatch(before, after)
	if err != nil {
		return "", nil, err
	}
	var patch map[string]any
	if err := json.Unmarshal(data, &patch); err != nil {
		return "", nil, err
	}
	if err := (Path{"metadata", "resourceVersion"}).set(patch, change.Live.GetResourceVersion()); err != nil {
		return "", nil, err
	}
	data, err = json.Marshal(patch)
	return types.MergePatchType, data, err
}

// configuration returns the object to apply: the fields of the change, and the fields that this
// manager has applied before, which server-side apply would remove otherwise. With its resource
// version the API server rejects it if the object was changed.
func (c Client) configuration(change Change) (*unstructured.Unstructured, error) {
	configuration := fragment(change.Live, change.Edits)
	configuration.SetResourceVersion(change.Live.GetResourceVersion())
	for _, path := range applied(change.Live, c.Manager) {
		value := path.Lookup(change.After.Object)
		if value == nil || path.Lookup(configuration.Object) != nil {
			continue
		}
		if _, isMap := value.(map[string]any); isMap && !change.schema.atomic(path) {
			value = map[string]any{} // own the map, not the fields of other managers in it
		}
		if err := path.set(configuration.Object, value); err != nil {
			return nil, err
		}
	}
	annotation := Path{"metadata", "annotations", PreviousAnnotation}
	if value := annotation.Lookup(change.After.Object); value != nil {
		return configuration, annotation.set(configuration.Object, value)
	}
	return configuration, nil
}

// foreign reports whether another manager owns a field of the change. If not, a conflict is with
// this manager's own earlier changes, which Revert has restored, and force is safe.
func (c Client) foreign(change Change) bool {
	return slices.ContainsFunc(change.Edits, func(edit Edit) bool { return len(c.Others(change.Live, edit.Path)) > 0 })
}

// Others returns the managers that own a field, without this one.
func (c Client) Others(object *unstructured.Unstructured, path Path) []string {
	return slices.DeleteFunc(owners(object, path), func(name string) bool { return name == c.Manager })
}

// explain turns a conflict of the API server into a typed error that says what to do.
func (c Client) explain(change Change, err error) error {
	if !apierrors.IsConflict(err) {
		return fmt.Errorf("%s: %w", Name(change.Live), err)
	}
	var status apierrors.APIStatus
	if !errors.As(err, &status) || status.Status().Details == nil ||
		!slices.ContainsFunc(status.Status().Details.Causes, func(cause metav1.StatusCause) bool { return cause.Type == metav1.CauseTypeFieldManagerConflict }) {
		return &StaleError{Object: Name(change.Live), Err: err}
	}
	conflict := &ConflictError{Object: Name(change.Live), Err: err}
	for _, edit := range change.Edits {
		names := c.Others(change.Live, edit.Path)
		if len(names) == 0 { // the owner of the atomic map around the field
			names = managers(change.Live, func(field Path) bool { return edit.Path.Within(field) && change.schema.atomic(field) })
		}
		for _, owner := range names {
			conflict.Fields = append(conflict.Fields, fmt.Sprintf("%s, owned by %q", edit.Path, owner))
		}
	}
	return conflict
}
