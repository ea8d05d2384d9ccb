// Package apply changes single fields of Kubernetes objects by server-side apply, and
// takes its changes back. It knows fields, schemas, owners and previous values; it must not
// know what the fields mean.
package apply

import (
	"fmt"
	"reflect"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// Edit is a field and the value that it is to have: of a JSON type, as in an
// unstructured object.
type Edit struct {
	Path  Path
	Value any
}

// Change is what is to become of an object.
type Change struct {
	Live    *unstructured.Unstructured // as it was read
	After   *unstructured.Unstructured // as it is to be
	Edits   []Edit                     // of fields that have another value now
	Same    []Edit                     // of fields that have the wanted value already
	Unknown []Path                     // fields that the kind has not on this API server

	schema Schema
	revert bool
	again  func(live *unstructured.Unstructured) (Change, error)
}

// Empty tells whether there is nothing to do.
func (c Change) Empty() bool { return len(c.Edits) == 0 }

// Compute works out a change. The previous values are kept in an annotation of the object,
// for Revert.
func Compute(live *unstructured.Unstructured, schema Schema, edits []Edit) (Change, error) {
	change := Change{Live: live, After: live.DeepCopy(), schema: schema}
	change.again = func(live *unstructured.Unstructured) (Change, error) { return Compute(live, schema, edits) }
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
	if change.Empty() {
		return change, nil
	}
	records, err := readRecords(live)
	if err != nil {
		return change, err
	}
	for _, edit := range change.Edits {
		records = records.with(live.Object, edit)
		if err := edit.Path.set(change.After.Object, edit.Value); err != nil {
			return change, fmt.Errorf("%s: %s: %w", Name(live), edit.Path, err)
		}
	}
	return change, records.write(change.After)
}

// Fragment is the part of an object that the edits of a change make up, and nothing else:
// what to keep in a repository, for others to apply. It is nil if there is no edit.
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
		_ = edit.Path.set(part.Object, edit.Value) // no edit is in the way of another
	}
	return part
}

// Renew works the same change out for what the object is by now. It fails with a
// *StaleError if that makes it another change: then someone else has changed its fields.
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

// Name is how kubectl names an object: "seed.kubermatic.k8c.io/frankfurt".
func Name(object *unstructured.Unstructured) string {
	kind := object.GroupVersionKind().GroupKind()
	return strings.ToLower(kind.String()) + "/" + object.GetName()
}
