package sample

import (
	"context"
	"embed"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"reflect"
	"strings"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/util/yaml"
	"k8s.io/client-go/dynamic"
)

//go:embed manifests/*.yaml profiles/*.yaml
var manifests embed.FS

// read returns the objects of one embedded file, in order, with the versions of the release in them.
func (r Release) read(name string) ([]*unstructured.Unstructured, error) {
	file, err := manifests.ReadFile("manifests/" + name)
	if err != nil {
		return nil, err
	}
	text, err := r.expand(string(file))
	if err != nil {
		return nil, fmt.Errorf("reading the manifest %s: %w", name, err)
	}

	return decode(name, text)
}

// profiles returns the operating system profiles. They have variables of shells, and nothing that a release expands.
func profiles() ([]*unstructured.Unstructured, error) {
	names, err := fs.Glob(manifests, "profiles/*.yaml")
	if err != nil {
		return nil, err
	}
	var all []*unstructured.Unstructured
	for _, name := range names {
		text, err := manifests.ReadFile(name)
		if err != nil {
			return nil, err
		}
		objects, err := decode(name, string(text))
		if err != nil {
			return nil, err
		}
		all = append(all, objects...)
	}

	return all, nil
}

func decode(name, text string) ([]*unstructured.Unstructured, error) {
	var objects []*unstructured.Unstructured
	decoder := yaml.NewYAMLOrJSONDecoder(strings.NewReader(text), 4096)
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

// The field managers that the objects of an installation have.
const (
	installer = "kubermatic-installer"
	operator  = "kubermatic-operator"
	gitOps    = "argocd-controller"
)

// create creates the object and then, where it has one, its status, as the controllers of a living installation do.
func create(ctx context.Context, client dynamic.Interface, object *unstructured.Unstructured) (*unstructured.Unstructured, error) {
	resource := resourceOf(client, object)
	options := metav1.CreateOptions{FieldValidation: metav1.FieldValidationStrict, FieldManager: installer}
	created, err := resource.Create(ctx, object, options)
	if err != nil {
		return nil, fmt.Errorf("creating %s: %w", describe(object), err)
	}
	status, ok := object.Object["status"].(map[string]any)
	if !ok || len(status) == 0 || reflect.DeepEqual(created.Object["status"], status) { // stored: it is no subresource
		return created, nil
	}

	created.Object["status"] = status
	created, err = resource.UpdateStatus(ctx, created, metav1.UpdateOptions{FieldManager: operator})
	if err != nil {
		return nil, fmt.Errorf("setting the status of %s: %w", describe(object), err)
	}

	return created, nil
}

// resourceOf is where the object is kept.
func resourceOf(client dynamic.Interface, object *unstructured.Unstructured) dynamic.ResourceInterface {
	plural, _ := meta.UnsafeGuessKindToResource(object.GroupVersionKind())
	if namespace := object.GetNamespace(); namespace != "" {
		return client.Resource(plural).Namespace(namespace)
	}

	return client.Resource(plural)
}

func describe(object *unstructured.Unstructured) string {
	return strings.TrimPrefix(fmt.Sprintf("%s %s/%s", object.GetKind(), object.GetNamespace(), object.GetName()), "/")
}

// createFile creates all objects of one embedded file and returns them.
func (r Release) createFile(ctx context.Context, client dynamic.Interface, name string) ([]*unstructured.Unstructured, error) {
	objects, err := r.read(name)
	if err != nil {
		return nil, err
	}

	return createAll(ctx, client, objects)
}

// createAll creates objects and returns them as created.
func createAll(ctx context.Context, client dynamic.Interface, objects []*unstructured.Unstructured) ([]*unstructured.Unstructured, error) {
	var err error
	for i, object := range objects {
		if objects[i], err = create(ctx, client, object); err != nil {
			return nil, err
		}
	}

	return objects, nil
}

// applyGitOps sets the fields that a GitOps controller keeps, by server-side apply. Objects that are not there are left out.
func (r Release) applyGitOps(ctx context.Context, client dynamic.Interface) error {
	objects, err := r.read("gitops.yaml")
	if err != nil {
		return err
	}
	for _, object := range objects {
		resource := resourceOf(client, object)
		if _, err := resource.Get(ctx, object.GetName(), metav1.GetOptions{}); apierrors.IsNotFound(err) {
			continue
		}
		if _, err := resource.Apply(ctx, object.GetName(), object, metav1.ApplyOptions{FieldManager: gitOps}); err != nil {
			return fmt.Errorf("applying %s: %w", describe(object), err)
		}
	}

	return nil
}
