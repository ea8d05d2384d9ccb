package kkp

import (
	"context"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
)

// ExternalCatalog is the feature gate of the external application catalog (kubermatic
// pkg/features, v2.31.0).
const ExternalCatalog = "ExternalApplicationCatalogManager"

// ApplicationCatalog is a catalog of applications (applicationcatalog.k8c.io/v1alpha1). It counts only
// with the feature gate ExternalCatalog.
type ApplicationCatalog struct {
	Name    string
	BaseURL string // spec.helm.repositorySettings.baseURL: where all charts come from; "": each from its default repository
}

func applicationCatalogResource() schema.GroupVersionResource {
	return schema.GroupVersionResource{Group: "applicationcatalog.k8c.io", Version: "v1alpha1", Resource: "applicationcatalogs"}
}

// ListApplicationCatalogs reads the catalogs of the master. A master without this CRD has none.
func ListApplicationCatalogs(ctx context.Context, master Client) ([]ApplicationCatalog, error) {
	catalogs, err := list(ctx, master, query{resource: applicationCatalogResource()}, applicationCatalogFrom)
	if notInstalled(err) {
		return nil, nil
	}
	return catalogs, unread("master", err)
}

func applicationCatalogFrom(obj *unstructured.Unstructured) (ApplicationCatalog, error) {
	var view struct {
		Spec struct {
			Helm struct {
				RepositorySettings struct {
					BaseURL string `json:"baseURL"`
				} `json:"repositorySettings"`
			} `json:"helm"`
		} `json:"spec"`
	}
	err := decode(obj, &view)
	return ApplicationCatalog{Name: obj.GetName(), BaseURL: view.Spec.Helm.RepositorySettings.BaseURL}, err
}
