package kkp

import (
	"context"
	"encoding/json"
	"fmt"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/client-go/dynamic"
	"sigs.k8s.io/yaml"
)

// Addon is an addon of a user cluster: an Addon (kubermatic.k8c.io/v1) in the namespace of the
// cluster, or a default addon of the configuration.
type Addon struct {
	Namespace string // "" for a default addon
	Name      string // name of its directory in the addons image
	Variables map[string]any
}

func addonFrom(obj *unstructured.Unstructured) (Addon, error) {
	var view struct {
		Spec struct {
			Name      string          `json:"name"`
			Variables json.RawMessage `json:"variables"`
		} `json:"spec"`
	}
	if err := decode(obj, &view); err != nil {
		return Addon{}, err
	}
	addon := Addon{Namespace: obj.GetNamespace(), Name: view.Spec.Name}
	if addon.Name == "" {
		addon.Name = obj.GetName()
	}
	if len(view.Spec.Variables) > 0 {
		if err := json.Unmarshal(view.Spec.Variables, &addon.Variables); err != nil {
			return addon, fmt.Errorf("Addon %s: spec.variables: %w", objectName(obj), err)
		}
	}
	return addon, nil
}

// loadAddons reads the addons of the clusters of a Seed.
func loadAddons(ctx context.Context, client dynamic.Interface, clusters []Cluster) error {
	objects, err := list(ctx, client, kubermaticResource("addons"), metav1.NamespaceAll)
	if err != nil {
		return err
	}
	addons, err := convert(objects, addonFrom)
	assignAddons(clusters, addons)
	return err
}

// assignAddons adds addons to the clusters by namespace.
func assignAddons(clusters []Cluster, addons []Addon) {
	for i := range clusters {
		for _, addon := range addons {
			if addon.Namespace == clusters[i].Namespace {
				clusters[i].Addons = append(clusters[i].Addons, addon)
			}
		}
	}
}

// DefaultAddons returns the default addons of the configuration: names
// (spec.userCluster.addons.default) or a List of Addons in YAML (defaultManifests). set is false if
// the configuration has none; then KKP's default addons apply.
func (c Configuration) DefaultAddons() (addons []Addon, set bool, err error) {
	settings := c.Spec.UserCluster.Addons
	if settings.DefaultManifests == "" {
		for _, name := range settings.Default {
			addons = append(addons, Addon{Name: name})
		}
		return addons, len(addons) > 0, nil
	}
	const field = "spec.userCluster.addons.defaultManifests"
	var list unstructured.UnstructuredList
	data, err := yaml.YAMLToJSON([]byte(settings.DefaultManifests))
	if err == nil {
		err = list.UnmarshalJSON(data)
	}
	if err != nil {
		return nil, true, fmt.Errorf("%s: %w; it must be a List of Addons", field, err)
	}
	for i := range list.Items {
		addon, err := addonFrom(&list.Items[i])
		if err != nil {
			return addons, true, fmt.Errorf("%s: %w", field, err)
		}
		addon.Namespace = ""
		addons = append(addons, addon)
	}
	return addons, true, nil
}
