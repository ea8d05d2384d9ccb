package upgrade

import (
	"encoding/base64"
	"slices"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/chart/redirect/manifestdiff"
)

// object returns an object of Helm's client as an unstructured one.
func object(made runtime.Object) *unstructured.Unstructured {
	found, _ := made.(*unstructured.Unstructured)
	return found
}

// differences returns the fields that differ between two versions of an object, without fields
// that the API server manages. If one version is nil, the whole object is a difference.
func differences(before, after *unstructured.Unstructured) []manifestdiff.Difference {
	changes := manifestdiff.Differences(normalised(before), normalised(after))
	for i := range changes {
		changes[i].Object = "" // the name of an object can be written in several ways
	}
	return changes
}

func normalised(object *unstructured.Unstructured) []map[string]any {
	if object == nil {
		return nil
	}
	object = object.DeepCopy()
	for _, field := range []string{"managedFields", "resourceVersion", "generation", "uid", "creationTimestamp", "selfLink"} {
		unstructured.RemoveNestedField(object.Object, "metadata", field)
	}
	unstructured.RemoveNestedField(object.Object, "status")
	if object.GetKind() == "Secret" {
		encode(object.Object)
	}
	return []map[string]any{object.Object}
}

// encode moves stringData of a Secret to data, as the API server does.
func encode(secret map[string]any) {
	texts, _ := secret["stringData"].(map[string]any)
	data, _ := secret["data"].(map[string]any)
	if data == nil {
		data = map[string]any{}
	}
	for key, value := range texts {
		if text, ok := value.(string); ok {
			data[key] = base64.StdEncoding.EncodeToString([]byte(text))
		}
	}
	delete(secret, "stringData")
	secret["data"] = data
}

// nameOf returns KIND[.GROUP]/[NAMESPACE/]NAME.
func nameOf(object *unstructured.Unstructured) string {
	name := object.GetKind()
	if group := object.GroupVersionKind().Group; group != "" {
		name += "." + group
	}
	if namespace := object.GetNamespace(); namespace != "" {
		name += "/" + namespace
	}
	return name + "/" + object.GetName()
}

// waitedFor reports whether Helm waits for the readiness of an object (helm pkg/kube/ready.go, v3).
func waitedFor(object *unstructured.Unstructured) bool {
	kind, _, _ := unstructured.NestedString(object.Object, "spec", "type")
	return object.GetKind() == "Service" && kind == "LoadBalancer" || slices.Contains([]string{
		"Pod", "Deployment", "StatefulSet", "DaemonSet", "ReplicaSet", "ReplicationController", "PersistentVolumeClaim", "CustomResourceDefinition",
	}, object.GetKind())
}
