package kkp_test

import (
	"net/http"
	"slices"
	"strings"
	"testing"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/kkp"
)

func TestApplicationCatalogs(t *testing.T) {
	catalogs := []*unstructured.Unstructured{
		{Object: map[string]any{
			"apiVersion": "applicationcatalog.k8c.io/v1alpha1", "kind": "ApplicationCatalog", "metadata": map[string]any{"name": "default-catalog"},
			"spec": map[string]any{"helm": map[string]any{"repositorySettings": map[string]any{"baseURL": "oci://m.example/charts"}}},
		}},
		{Object: map[string]any{
			"apiVersion": "applicationcatalog.k8c.io/v1alpha1", "kind": "ApplicationCatalog", "metadata": map[string]any{"name": "own"},
		}},
	}
	got, err := kkp.ListApplicationCatalogs(t.Context(), newAPI(catalogs...).client(t))
	want := []kkp.ApplicationCatalog{{Name: "default-catalog", BaseURL: "oci://m.example/charts"}, {Name: "own"}}
	if err != nil || !slices.Equal(got, want) {
		t.Errorf("got %+v, %v", got, err)
	}
	if got, err := kkp.ListApplicationCatalogs(t.Context(), refusing(func(*http.Request) *apierrors.StatusError {
		return apierrors.NewNotFound(schema.GroupResource{Resource: "x"}, "")
	}).client(t)); err != nil || len(got) > 0 {
		t.Errorf("without the CRD: got %+v, %v", got, err)
	}
	if _, err := kkp.ListApplicationCatalogs(t.Context(), refusing(func(*http.Request) *apierrors.StatusError {
		return apierrors.NewForbidden(schema.GroupResource{Resource: "x"}, "", nil)
	}).client(t)); err == nil {
		t.Error("a refusal is no error")
	}
}

func TestOperatorImages(t *testing.T) {
	deployment := &unstructured.Unstructured{Object: map[string]any{
		"apiVersion": "apps/v1", "kind": "Deployment", "metadata": map[string]any{"name": "kubermatic-operator", "namespace": "kubermatic"},
		"spec": map[string]any{"template": map[string]any{"spec": map[string]any{"containers": []any{map[string]any{"name": "operator", "image": "a:1"}}}}},
	}}
	images, err := kkp.OperatorImages(t.Context(), newAPI(deployment).client(t), "kubermatic")
	if err != nil || strings.Join(images, " ") != "a:1" {
		t.Errorf("got %q, %v", images, err)
	}
	if images, err := kkp.OperatorImages(t.Context(), newAPI().client(t), "kubermatic"); err != nil || len(images) > 0 {
		t.Errorf("without the Deployment: got %q, %v", images, err)
	}
	if _, err := kkp.OperatorImages(t.Context(), refusing(func(*http.Request) *apierrors.StatusError {
		return apierrors.NewForbidden(schema.GroupResource{Resource: "x"}, "", nil)
	}).client(t), "kubermatic"); err == nil {
		t.Error("a refusal is no error")
	}
}

func refusing(refuse func(*http.Request) *apierrors.StatusError) *apiServer {
	api := newAPI()
	api.refuse = refuse
	return api
}
