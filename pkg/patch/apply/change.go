// Package apply changes single fields of Kubernetes objects by server-side apply, and reverts
// these changes. It knows fields, schemas, field managers and previous values. It must not know
// the meaning of a field.
package apply

import (
	"fmt"
	"reflect"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// Edit is a field with the value to set. The value has a JSON type, as in an unstructured
// object.
type Edit struct {
	Path  Path
	Value any
}

// Change is the change of one object.
type Change struct {
	Live    *unstructured.Unstructured // the object as read
	After   *unstructured.Unstructured // the object after the change
	Edits   []Edit                     // fields whose value changes
	Same    []Edit                     // fields that already have the value
	Unknown []Path                     // fields that the API server does not know

	schema Schema
	revert bool
	again  func(live *unstructured.Unstructured) (Change, error)
}

// Empty reports whether no value changes.
func (c Change) Empty() bool { return len(c.Edits) == 0 }

// Compute returns a change. The previous values are stored in an annotation of the object, for
// Revert.
func Compute(live *unstructured.Unstructured, schema Schema, edits []Edit) (Change, error) {
	change, err := ComputeWhole(live, schema, edits)
	change.again = func(live *unstructured.Unstructured) (Change, error) { return Compute(live, schema, edits) }
	if err != nil || change.Empty() {
		return change, err
	}
	records, err := readRecords(live)
	if err != nil {
		return change, err
	}
	for _, edit := range change.Edits {
		records = records.with(live.Object, edit)
	}
	return change, records.write(change.After)
}

// ComputeWhole returns a change of an object that this tool makes as a whole, and deletes to revert
// the change: previous values are not stored.
func ComputeWhole(live *unstructured.Unstructured, schema Schema, edits []Edit) (Change, error) {
	change := Change{Live: live, After: live.DeepCopy(), schema: schema}
	change.again = func(live *unstructured.Unstructured) (Change, error) { return ComputeWhole(live, schema, edits) }
	for _, edit := range edits {
		switch {
		case !schema.Has(edit.Path):
			change.Unknown = append(change.Unknown, edit.Path)
		case reflect.DeepEqual(edit.Path.Lookup(live.Object), edit.Value):
			change.Same = append(change.Same, edit)
		default:
			change.Edits = append(change.Edits, edit)
		}
	}
	for _, edit := range change.Edits {
		if err := edit.Path.set(change.After.Object, edit.Value); err != nil {
			return change, fmt.Errorf("%s: %s: %w", Name(live), edit.Path, err)
		}
	}
	return change, nil
}

// Fragment returns an object with only the fields of the change, to commit to a Git repository
// from which another tool applies it. It is nil if the change has no fields.
func (c Change) Fragment() *unstructured.Unstructured {
	if len(c.Edits)+len(c.Same) == 0 {
		return nil
	}
	return fragment(c.Live, slices.Concat(c.Edits, c.Same))
}

func fragment(live *unstructured.Unstructured, edits []Edit) *unstructured.Unstructured {
	part := &unstructured.Unstructured{Object: map[string]any{}}
	part.SetGroupVersionKind(live.GroupVersionKind())
	part.SetName(live.GetName())
	part.SetNamespace(live.GetNamespace())
	for _, edit := range edits {
		_ = edit.Path.set(part.Object, edit.Value) // edits do not overlap
	}
	return part
}

// Renew computes the change again for the object as it is now. It fails with a *StaleError if
// another client has changed one of the fields since.
func (c Change) Renew(live *unstructured.Unstructured) (Change, error) {
	now, err := c.again(live)
	if err != nil {
		return now, err
	}
	same := slices.EqualFunc(now.Edits, c.Edits, func(a, b Edit) bool {
		return reflect.DeepEqual(a, b) && reflect.DeepEqual(a.Path.Lookup(live.Object), b.Path.Lookup(c.Live.Object))
	})
	if !same {
		return now, &StaleError{Object: Name(live)}
	}
	return now, nil
}

// Name returns the name of an object as kubectl prints it: "seed.kubermatic.k8c.io/frankfurt".
func Name(object *unstructured.Unstructured) string {
	kind := object.GroupVersionKind().GroupKind()
	return strings.ToLower(kind.String()) + "/" + object.GetName()
}
