package upgrade

import (
	"encoding/base64"
	"slices"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/chart/redirect/manifestdiff"
)

// object is an object as Helm's client makes it.
func object(made runtime.Object) *unstructured.Unstructured {
	found, _ := made.(*unstructured.Unstructured)
	return found
}

// differences are the fields in which two versions of an object differ, beside those that
// the server keeps for itself. One that is not there, nil, differs as a whole.
func differences(before, after *unstructured.Unstructured) []manifestdiff.Difference {
	changes := manifestdiff.Differences(normalised(before), normalised(after))
	for i := range changes {
		changes[i].Object = "" // names of one object can be written in several ways
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

// encode moves what a Secret has as text to where the server keeps it.
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

// nameOf is KIND[.GROUP]/[NAMESPACE/]NAME.
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

// waitedFor tells whether Helm waits until an object is ready (helm pkg/kube/ready.go, v3).
func waitedFor(object *unstructured.Unstructured) bool {
	kind, _, _ := unstructured.NestedString(object.Object, "spec", "type")
	return object.GetKind() == "Service" && kind == "LoadBalancer" || slices.Contains([]string{
		"Pod", "Deployment", "StatefulSet", "DaemonSet", "ReplicaSet", "ReplicationController", "PersistentVolumeClaim", "CustomResourceDefinition",
	}, object.GetKind())
}
