package apply

import (
	"slices"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/structured-merge-diff/v6/fieldpath"
)

// owners returns the managers that own a field or a part of it.
func owners(object *unstructured.Unstructured, path Path) []string {
	return managers(object, func(field Path) bool { return field.Within(path) })
}

// managers returns the managers that own a field for which kind returns true.
func managers(object *unstructured.Unstructured, kind func(Path) bool) []string {
	var names []string
	for _, entry := range object.GetManagedFields() {
		if entry.Subresource == "" && !slices.Contains(names, entry.Manager) && slices.ContainsFunc(fieldsOf(entry), kind) {
			names = append(names, entry.Manager)
		}
	}
	return names
}

// applied returns the fields that a manager has set by server-side apply. The next apply without
// one of these fields removes it.
func applied(object *unstructured.Unstructured, manager string) []Path {
	for _, entry := range object.GetManagedFields() {
		if entry.Manager == manager && entry.Operation == metav1.ManagedFieldsOperationApply && entry.Subresource == "" {
			return fieldsOf(entry)
		}
	}
	return nil
}

// fieldsOf returns the fields of an entry. The path of a field in a list ends at the list. An
// entry that cannot be read has no fields.
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
				break // a list counts as one field
			}
			path = append(path, *element.FieldName)
		}
		paths = append(paths, path)
	})
	return paths
}
