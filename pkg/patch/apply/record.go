package apply

import (
	"fmt"
	"reflect"
	"slices"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/util/json"
)

// PreviousAnnotation is the annotation with the previous values of changed fields.
const PreviousAnnotation = "kkp-mirror.dev/previous"

// maxDepth bounds the paths that are read from an annotation.
const maxDepth = 32

// record is the previous and the new value of a changed field.
type record struct {
	Path     Path `json:"path"`
	Present  int  `json:"present"`            // how many keys of the path existed; all: the field had a value
	Previous any  `json:"previous,omitempty"` // the value before
	Set      any  `json:"set"`                // the value after
}

// had reports whether the field had a value.
func (r record) had() bool { return r.Present == len(r.Path) }

// plausible reports whether this tool can have written a record: it changes only specs and
// annotations.
func (r record) plausible() bool {
	changeable := r.Path.Within(Path{"spec"}) && len(r.Path) > 1 || r.Path.Within(Path{"metadata", "annotations"}) && len(r.Path) == 3
	return changeable && len(r.Path) <= maxDepth && r.Present >= 0 && r.Present <= len(r.Path)
}

// records are the records of one object.
type records []record

// readRecords reads the annotation of an object. The annotation is not trusted: every user who
// may change the object can write it.
func readRecords(object *unstructured.Unstructured) (records, error) {
	text, ok := object.GetAnnotations()[PreviousAnnotation]
	if !ok {
		return nil, nil
	}
	var kept records
	err := json.Unmarshal([]byte(text), &kept)
	for _, r := range kept {
		if err == nil && !r.plausible() {
			err = fmt.Errorf("kkp-mirror did not write the entry for %q", r.Path)
		}
	}
	if err != nil {
		return nil, fmt.Errorf("%s: annotation %s: %w. Repair the annotation; if you remove it, the previous values are lost", Name(object), PreviousAnnotation, err)
	}
	return kept, nil
}

// with returns the records after one more edit. The previous value of a field is the value
// before the first edit, unless another client changed the field in between.
func (rs records) with(live map[string]any, edit Edit) records {
	value, present := edit.Path.lookup(live)
	now := record{Path: edit.Path, Present: present, Set: edit.Value}
	if now.had() {
		now.Previous = value
	}
	i := slices.IndexFunc(rs, func(r record) bool { return slices.Equal(r.Path, edit.Path) })
	if i < 0 {
		return append(rs, now)
	}
	if reflect.DeepEqual(rs[i].Set, value) {
		now.Present, now.Previous = rs[i].Present, rs[i].Previous
	}
	rs = slices.Clone(rs)
	rs[i] = now
	return rs
}

// write stores the records in the annotation of an object.
func (rs records) write(object *unstructured.Unstructured) error {
	annotations := object.GetAnnotations()
	if len(rs) == 0 {
		if delete(annotations, PreviousAnnotation); len(annotations) == 0 {
			annotations = nil
		}
		object.SetAnnotations(annotations)
		return nil
	}
	data, err := json.Marshal(rs)
	if err != nil {
		return err
	}
	if annotations == nil {
		annotations = map[string]string{}
	}
	annotations[PreviousAnnotation] = string(data)
	object.SetAnnotations(annotations)
	return nil
}
