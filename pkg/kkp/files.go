package kkp

import (
	"errors"
	"slices"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// FromObjects returns an installation from objects of files. Objects of other kinds are ignored.
// Clusters belong to the Seed that has their datacenter. Pods belong to the master.
func FromObjects(objects []*unstructured.Unstructured) (Installation, error) {
	byKind := map[string][]*unstructured.Unstructured{}
	for _, obj := range objects {
		gvk := obj.GroupVersionKind()
		if gvk.Group == group || gvk.Group == osmGroup || gvk.Group == applicationsGroup || (gvk.Group == "" && gvk.Kind == "Pod") {
			byKind[gvk.Kind] = append(byKind[gvk.Kind], obj)
		}
	}
	var inst Installation
	var failures [7]error
	inst.Configuration, failures[0] = onlyConfiguration(byKind["KubermaticConfiguration"], "")
	inst.Seeds, failures[1] = convert(byKind["Seed"], SeedFrom)
	clusters, err := convert(byKind["Cluster"], clusterFrom)
	failures[2] = err
	inst.Pods, failures[3] = convert(byKind["Pod"], podFrom)
	inst.Applications, failures[4] = applicationsFrom(byKind["ApplicationDefinition"], byKind["ApplicationInstallation"])
	addons, err := convert(byKind["Addon"], addonFrom)
	failures[5] = err
	assignAddons(clusters, addons)
	inst.Profiles, failures[6] = convert(slices.Concat(byKind[KindProfile], byKind[KindCustomProfile], byKind[KindSystemConfig]), profileFrom)
	var missing *ConfigurationError
	if errors.As(failures[0], &missing) {
		missing.Files = true
	}
	if err := errors.Join(failures[:]...); err != nil {
		return Installation{}, err
	}
	inst.assign(clusters)
	inst.resolveVersion()
	return inst, nil
}

// assign adds each cluster to the Seed that has its datacenter. Clusters of unknown datacenters go
// to a Seed without a name, so that their images are in the list.
func (inst *Installation) assign(clusters []Cluster) {
	var homeless []Cluster
	for _, cluster := range clusters {
		i := slices.IndexFunc(inst.Seeds, func(s Seed) bool {
			return slices.ContainsFunc(s.Datacenters, func(dc Datacenter) bool { return dc.Name == cluster.Datacenter })
		})
		if i < 0 {
			homeless = append(homeless, cluster)
			continue
		}
		inst.Seeds[i].Clusters = append(inst.Seeds[i].Clusters, cluster)
		inst.Seeds[i].Read = true
	}
	if len(homeless) > 0 {
		inst.Seeds = append(inst.Seeds, Seed{Clusters: homeless, Read: true})
	}
}
