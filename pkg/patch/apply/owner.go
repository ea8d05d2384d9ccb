package apply

import (
	"slices"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/structured-merge-diff/v6/fieldpath"
)

// owners are the managers of a field, or of a part of it.
func owners(object *unstructured.Unstructured, path Path) []string {
	return managers(object, func(field Path) bool { return field.Within(path) })
}

// managers are those who manage a field of some kind.
func managers(object *unstructured.Unstructured, kind func(Path) bool) []string {
	var names []string
	for _, entry := range object.GetManagedFields() {
		if entry.Subresource == "" && !slices.Contains(names, entry.Manager) && slices.ContainsFunc(fieldsOf(entry), kind) {
			names = append(names, entry.Manager)
		}
	}
	return names
}

// applied are the fields that a manager has applied. An apply that leaves one out removes
// it.
func applied(object *unstructured.Unstructured, manager string) []Path {
	for _, entry := range object.GetManagedFields() {
		if entry.Manager == manager && entry.Operation == metav1.ManagedFieldsOperationApply && entry.Subresource == "" {
			return fieldsOf(entry)
		}
	}
	return nil
}

// fieldsOf are the fields of an entry, as far as they lead through maps only. Entries that
// cannot be read have none.
func fieldsOf(entry metav1.ManagedFieldsEntry) []Path {
	if entry.FieldsV1 == nil {
		return nil
	}
	var set fieldpath.Set
	if err := set.FromJSON(entry.FieldsV1.GetRawReader()); err != nil {
		return nil
	}
	var paths []Path
	set.Leaves().Iterate(func(elements fieldpath.Path) {
		var path Path
		for _, element := range elements {
			if element.FieldName == nil {
				break // the list is the field
			}
			path = append(path, *element.FieldName)
		}
		paths = append(paths, path)
	})
	return paths
}
