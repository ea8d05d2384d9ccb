package apply

import (
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/yaml"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/mask"
)

// Texts are an object before and after, in YAML, without what the server keeps for itself
// and without secrets: those that differ are told apart, and no more. An object that is not
// there, nil, is "".
func Texts(before, after *unstructured.Unstructured) (string, string, error) {
	old, fresh := mask.Pair(legible(before), legible(after))
	oldText, err := text(old)
	if err != nil {
		return "", "", err
	}
	newText, err := text(fresh)
	return oldText, newText, err
}

func text(object map[string]any) (string, error) {
	if object == nil {
		return "", nil
	}
	data, err := yaml.Marshal(object)
	return string(data), err
}

// legible is a copy without the fields that are for machines.
func legible(object *unstructured.Unstructured) map[string]any {
	if object == nil {
		return nil
	}
	object = object.DeepCopy()
	for _, field := range []string{"managedFields", "resourceVersion", "generation", "uid", "creationTimestamp"} {
		unstructured.RemoveNestedField(object.Object, "metadata", field)
	}
	_ = records{}.write(object) // fails only where there are records
	unstructured.RemoveNestedField(object.Object, "status")
	return object.Object
}

// Masked is an object as it may be printed: with its credentials masked, those in the
// previous values of its fields included.
func Masked(object *unstructured.Unstructured) *unstructured.Unstructured {
	return &unstructured.Unstructured{Object: mask.Object(object.Object)}
}
