package apply

import (
	"fmt"
	"reflect"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// ChangedError lists fields that another client has changed since. Their previous values may be
// wrong now.
type ChangedError struct {
	Object string
	Fields []string // "spec.ui.dockerRepository, by kubectl-edit"
}

func (e *ChangedError) Error() string {
	return fmt.Sprintf("%s: not reverted, because other clients have changed these fields since:\n  %s\n--force-conflicts restores the previous values anyway",
		e.Object, strings.Join(e.Fields, "\n  "))
}

// Revert returns the change that restores the previous values of the wanted fields. It fails with
// a *ChangedError if another client has changed one of them since, unless force is set.
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

// restore restores the previous value of a field. If the field had none, the maps that were
// created for the field are removed with it, unless they hold fields that a manager owns.
// Defaults of the API server have no manager.
func (r record) restore(live *unstructured.Unstructured, object map[string]any) error {
	if r.had() {
		return r.Path.set(object, r.Previous)
	}
	r.Path.remove(object, r.Present, func(path Path, table map[string]any) bool {
		return len(live.GetManagedFields()) > 0 && unowned(live, path, table)
	})
	return nil
}

// unowned reports whether no manager owns a field in a map.
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
