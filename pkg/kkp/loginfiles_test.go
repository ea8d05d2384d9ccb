package kkp

import (
	"testing"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

func TestLoginsInFiles(t *testing.T) {
	object := func(kind, namespace, name string, field string, data map[string]any) *unstructured.Unstructured {
		return &unstructured.Unstructured{Object: map[string]any{
			"apiVersion": "v1", "kind": kind, "metadata": map[string]any{"name": name, "namespace": namespace}, field: data,
		}}
	}
	objects := []*unstructured.Unstructured{
		object("ConfigMap", "kkp", "charts", "data", map[string]any{".dockerconfigjson": "no Secret"}),
		object("Secret", "other", "charts", "stringData", map[string]any{".dockerconfigjson": "other"}),
		object("Secret", "kkp", "charts", "data", map[string]any{".dockerconfigjson": "eyJhIjoxfQ=="}),
		object("Secret", "", "text", "stringData", map[string]any{".dockerconfigjson": "{}"}),
		object("ConfigMap", "kkp", "ca-bundle", "data", map[string]any{"ca-bundle.pem": "PEM"}),
	}
	for _, tt := range []struct {
		name, key, want string
		fails           bool
	}{
		{"charts", ".dockerconfigjson", `{"a":1}`, false},
		{"charts", "", `{"a":1}`, false},
		{"text", "", "{}", false},
		{"charts", "absent", "", true},
		{"absent", "", "", true},
	} {
		got, err := DockerConfigIn(objects, SecretKey{Namespace: "kkp", Name: tt.name, Key: tt.key})
		if string(got) != tt.want || (err != nil) != tt.fails {
			t.Errorf("%s %s: %s, %v; want %s", tt.name, tt.key, got, err, tt.want)
		}
	}
	named := Configuration{Namespace: "kkp", object: fields{"spec": map[string]any{"caBundle": map[string]any{"name": "absent"}}}}
	for want, configuration := range map[string]Configuration{"PEM": {Namespace: "kkp"}, "": named} {
		if got, err := CABundleIn(objects, configuration); string(got) != want || err != nil {
			t.Errorf("the bundle is %s, %v; want %s", got, err, want)
		}
	}
}
