package kkp

import (
	"slices"

	"k8s.io/client-go/discovery"
)

// API is what the API server of a cluster is and serves, which charts may ask for.
type API struct {
	Kubernetes string   // "v1.34.9", "" if it is not known
	Versions   []string // "apps/v1" and "apps/v1/Deployment", ordered
}

// readAPI asks a cluster what it serves. What cannot be read stays empty: then a chart is
// rendered as for the newest Kubernetes that it knows.
func readAPI(client discovery.DiscoveryInterface) API {
	if client == nil {
		return API{}
	}
	var api API
	if version, err := client.ServerVersion(); err == nil {
		api.Kubernetes = version.GitVersion
	}
	_, resources, _ := client.ServerGroupsAndResources() // an error names the groups that are down, and the others are returned
	for _, group := range resources {
		api.Versions = append(api.Versions, group.GroupVersion)
		for _, resource := range group.APIResources {
			api.Versions = append(api.Versions, group.GroupVersion+"/"+resource.Kind)
		}
	}
	slices.Sort(api.Versions)
	api.Versions = slices.Compact(api.Versions)
	return api
}
