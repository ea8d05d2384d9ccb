package kkp

import (
	"slices"

	"k8s.io/client-go/discovery"
)

// API is the version and the resources of an API server. Charts can depend on both.
type API struct {
	Kubernetes string   // "v1.34.9", "" if unknown
	Versions   []string // "apps/v1" and "apps/v1/Deployment", sorted
}

// readAPI reads version and resources of an API server. A part that cannot be read stays empty;
// then charts are rendered for the newest Kubernetes version that they accept.
func readAPI(client discovery.DiscoveryInterface) API {
	if client == nil {
		return API{}
	}
	var api API
	if version, err := client.ServerVersion(); err == nil {
		api.Kubernetes = version.GitVersion
	}
	_, resources, _ := client.ServerGroupsAndResources() // with an error, the available groups are returned
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
