package apply

import (
	"fmt"
	"reflect"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// ChangedError says that fields have other values by now than they were given, so that
// their previous values are not what should follow.
type ChangedError struct {
	Object string
	Fields []string // "spec.ui.dockerRepository, by kubectl-edit"
}

func (e *ChangedError) Error() string {
	return fmt.Sprintf("%s: not reverted, because other clients have changed these fields since:\n  %s\n--force-conflicts restores the previous values anyway",
		e.Object, strings.Join(e.Fields, "\n  "))
}

// Revert works out how to give the fields that were changed their previous values back,
// those that are wanted. A field that someone else changed since is an error, a
// *ChangedError, unless it is forced.
func Revert(live *unstructured.Unstructured, wanted func(Path) bool, force bool) (Change, error) {
	change := Change{Live: live, After: live.DeepCopy(), revert: true}
	change.again = func(live *unstructured.Unstructured) (Change, error) { return Revert(live, wanted, force) }
	kept, err := readRecords(live)
	if err != nil {
		return change, err
	}
	changed := &ChangedError{Object: Name(live)}
	var left records
	for _, r := range slices.Backward(kept) {
		if !wanted(r.Path) {
			left = append(left, r)
			continue
		}
		if now := r.Path.Lookup(live.Object); !reflect.DeepEqual(now, r.Set) && !reflect.DeepEqual(now, r.Previous) {
			changed.Fields = append(changed.Fields, strings.Join(append([]string{r.Path.String()}, owners(live, r.Path)...), ", by "))
		}
		change.Edits = append(change.Edits, Edit{Path: r.Path, Value: r.Previous})
		if err := r.restore(live, change.After.Object); err != nil {
			return change, fmt.Errorf("%s: %s: %w", Name(live), r.Path, err)
		}
	}
	if len(changed.Fields) > 0 && !force {
		return change, changed
	}
	slices.Reverse(left)
	return change, left.write(change.After)
}

// restore gives a field its previous value back. Maps that were made for it go with it,
// if all that is left in them are defaults that the API server filled in: these have no
// owner.
func (r record) restore(live *unstructured.Unstructured, object map[string]any) error {
	if r.had() {
		return r.Path.set(object, r.Previous)
	}
	r.Path.remove(object, r.Present, func(path Path, table map[string]any) bool {
		return len(live.GetManagedFields()) > 0 && unowned(live, path, table)
	})
	return nil
}

// unowned tells whether nobody manages any of the fields in a map.
func unowned(live *unstructured.Unstructured, path Path, table map[string]any) bool {
	for key, value := range table {
		field := append(slices.Clone(path), key)
		if inner, ok := value.(map[string]any); ok && len(inner) > 0 {
			if !unowned(live, field, inner) {
				return false
			}
		} else if len(owners(live, field)) > 0 {
			return false
		}
	}
	return true
}
