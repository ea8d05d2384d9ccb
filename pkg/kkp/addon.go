package kkp

import (
	"cmp"
	"context"
	"fmt"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/yaml"
)

// Addon is an addon of a user cluster: an Addon (kubermatic.k8c.io/v1) in the namespace of the
// cluster, or a default addon of the configuration.
type Addon struct {
	Namespace string // "" for a default addon
	Name      string // name of its directory in the addons image
	Variables map[string]any
}

// addonView is the part of an Addon that is read.
type addonView struct {
	header
	Spec struct {
		Name      string         `json:"name"`
		Variables map[string]any `json:"variables"`
	} `json:"spec"`
}

func (v addonView) addon() Addon {
	return Addon{Namespace: v.Metadata.Namespace, Name: cmp.Or(v.Spec.Name, v.Metadata.Name), Variables: v.Spec.Variables}
}

func addonFrom(obj *unstructured.Unstructured) (Addon, error) {
	var view addonView
	if err := decode(obj, &view); err != nil {
		return Addon{}, err
	}
	return view.addon(), nil
}

// loadAddons reads the addons of the clusters of a Seed.
func loadAddons(ctx context.Context, client Client, clusters []Cluster) error {
	addons, err := listViews(ctx, client, query{resource: kubermaticResource("addons")}, "Addon", addonView.addon)
	assignAddons(clusters, addons)
	return err
}

// assignAddons adds addons to the clusters by namespace.
func assignAddons(clusters []Cluster, addons []Addon) {
	byNamespace := map[string][]Addon{}
	for _, addon := range addons {
		byNamespace[addon.Namespace] = append(byNamespace[addon.Namespace], addon)
	}
	for i := range clusters {
		clusters[i].Addons = append(clusters[i].Addons, byNamespace[clusters[i].Namespace]...)
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
