package apply

import (
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/yaml"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/mask"
)

// Texts returns an object before and after a change as YAML, without fields that the API server
// manages. Secret values are masked; masked values that differ are marked. A nil object is "".
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

// legible returns a copy without status and without metadata that the API server manages.
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

// Masked returns an object with masked credentials, also in the annotation with previous values.
func Masked(object *unstructured.Unstructured) *unstructured.Unstructured {
	return &unstructured.Unstructured{Object: mask.Object(object.Object)}
}
