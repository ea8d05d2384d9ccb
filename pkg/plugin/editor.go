package plugin

import (
	"context"
	"errors"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/kkp"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/patch"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/patch/apply"
)

// editor reads and changes the objects of an installation on its master.
type editor struct {
	master    kkp.Client
	client    apply.Client
	namespace string
	schemas   map[string]apply.Schema // by kind
}

// edited is an object with what is to become of it.
type edited struct {
	kind   string
	change apply.Change
	after  *unstructured.Unstructured // as the API server has or would have it, nil if it was not asked
}

// result is the object after the change, as far as it is known.
func (e edited) result() *unstructured.Unstructured {
	if e.after != nil {
		return e.after
	}
	return e.change.After
}

// resourceOf is where objects of a kind are.
func resourceOf(kind string) schema.GroupVersionResource {
	switch kind {
	case patch.KindConfiguration:
		return kkp.ConfigurationResource()
	case patch.KindSeed:
		return kkp.SeedResource()
	default:
		return kkp.CoreResource("secrets")
	}
}

func (e editor) get(ctx context.Context, kind, name string) (*unstructured.Unstructured, error) {
	return e.master.Resource(resourceOf(kind)).Namespace(e.namespace).Get(ctx, name, metav1.GetOptions{})
}

// schema is what the API server knows of a kind.
func (e editor) schema(kind string) (apply.Schema, error) {
	if known, ok := e.schemas[kind]; ok || kind == patch.KindSecret {
		return known, nil // of a Secret, only annotations are changed
	}
	group := resourceOf(kind)
	read, err := apply.ReadSchema(e.master.Discovery.OpenAPIV3(), schema.GroupVersionKind{Group: group.Group, Version: group.Version, Kind: kind})
	e.schemas[kind] = read
	return read, err
}

// edit works out what becomes of an object.
func (e editor) edit(live *unstructured.Unstructured, object patch.Object) (edited, error) {
	schema, err := e.schema(object.Kind)
	if err != nil {
		return edited{}, err
	}
	change, err := apply.Compute(live, schema, object.Edits)
	return edited{kind: object.Kind, change: change}, err
}

// editAll works out what becomes of objects as they are now.
func (e editor) editAll(ctx context.Context, objects []patch.Object) ([]edited, error) {
	var all []edited
	for _, object := range objects {
		live, err := e.get(ctx, object.Kind, object.Name)
		if err != nil {
			return nil, err
		}
		one, err := e.edit(live, object)
		if err != nil {
			return nil, err
		}
		all = append(all, one)
	}
	return all, nil
}

// undo works out how objects become what they were. A Secret that is not there any more has
// nothing to be given back.
func (e editor) undo(ctx context.Context, kind, name string, wanted func(apply.Path) bool) (edited, error) {
	live, err := e.get(ctx, kind, name)
	if kind == patch.KindSecret && apierrors.IsNotFound(err) {
		return edited{}, nil
	}
	if err != nil {
		return edited{}, err
	}
	change, err := apply.Revert(live, wanted, e.client.Force)
	return edited{kind: kind, change: change}, err
}

// try lets the API server check all changes and say what would become of the objects.
func (e editor) try(ctx context.Context, changes []edited) ([]edited, error) {
	client := e.client
	client.DryRun = true
	return each(changes, func(one edited) (edited, error) {
		var err error
		one.after, err = client.Apply(ctx, resourceOf(one.kind), one.change)
		return one, err
	})
}

// make makes the changes that were tried, if the objects are still such that they are the
// same. What is made stays made if another one fails.
func (e editor) make(ctx context.Context, changes []edited) ([]edited, error) {
	for i := range changes {
		changes[i].after = nil
	}
	return each(changes, func(one edited) (edited, error) {
		live, err := e.get(ctx, one.kind, one.change.Live.GetName())
		if err != nil {
			return one, err
		}
		now, err := one.change.Renew(live)
		if err != nil {
			return one, err
		}
		one.after, err = e.client.Apply(ctx, resourceOf(one.kind), now)
		return one, err
	})
}

// each does something with every change that is not empty, and goes on after an error.
func each(changes []edited, do func(edited) (edited, error)) ([]edited, error) {
	var failures []error
	for i, one := range changes {
		if one.change.Empty() {
			continue
		}
		done, err := do(one)
		if err != nil {
			failures = append(failures, err)
		}
		changes[i] = done
	}
	return changes, errors.Join(failures...)
}
