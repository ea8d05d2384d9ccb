package sample

import (
	"context"
	"embed"
	"errors"
	"fmt"
	"io"
	"strings"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/util/yaml"
	"k8s.io/client-go/dynamic"
)

//go:embed manifests/*.yaml
var manifests embed.FS

// read returns the objects of one embedded file, in order.
func read(name string) ([]*unstructured.Unstructured, error) {
	file, err := manifests.Open("manifests/" + name)
	if err != nil {
		return nil, err
	}
	defer file.Close() //nolint:errcheck // an embedded file

	var objects []*unstructured.Unstructured
	decoder := yaml.NewYAMLOrJSONDecoder(file, 4096)
	for {
		object := &unstructured.Unstructured{}
		err := decoder.Decode(object)
		if errors.Is(err, io.EOF) {
			return objects, nil
		}
		if err != nil {
			return nil, fmt.Errorf("reading the manifest %s: %w", name, err)
		}
		objects = append(objects, object)
	}
}

// generic turns a typed object, whose kind must be set, into a generic one.
func generic(object runtime.Object) (*unstructured.Unstructured, error) {
	content, err := runtime.DefaultUnstructuredConverter.ToUnstructured(object)
	return &unstructured.Unstructured{Object: content}, err
}

// create creates the object and then, where it has one, its status, as the controllers of a living installation do.
func create(ctx context.Context, client dynamic.Interface, object *unstructured.Unstructured) (*unstructured.Unstructured, error) {
	plural, _ := meta.UnsafeGuessKindToResource(object.GroupVersionKind())
	var resource dynamic.ResourceInterface = client.Resource(plural)
	if namespace := object.GetNamespace(); namespace != "" {
		resource = client.Resource(plural).Namespace(namespace)
	}

	created, err := resource.Create(ctx, object, metav1.CreateOptions{FieldValidation: metav1.FieldValidationStrict})
	if err != nil {
		return nil, fmt.Errorf("creating %s: %w", describe(object), err)
	}
	status, ok := object.Object["status"].(map[string]any)
	if !ok || len(status) == 0 {
		return created, nil
	}

	created.Object["status"] = status
	created, err = resource.UpdateStatus(ctx, created, metav1.UpdateOptions{})
	if err != nil {
		return nil, fmt.Errorf("setting the status of %s: %w", describe(object), err)
	}

	return created, nil
}

func describe(object *unstructured.Unstructured) string {
	return strings.TrimPrefix(fmt.Sprintf("%s %s/%s", object.GetKind(), object.GetNamespace(), object.GetName()), "/")
}

// createFile creates all objects of one embedded file and returns them.
func createFile(ctx context.Context, client dynamic.Interface, name string) ([]*unstructured.Unstructured, error) {
	objects, err := read(name)
	if err != nil {
		return nil, err
	}
	for i, object := range objects {
		if objects[i], err = create(ctx, client, object); err != nil {
			return nil, err
		}
	}

	return objects, nil
}
