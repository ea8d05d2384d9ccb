package discover

import (
	"cmp"
	"slices"
	"strings"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/catalog"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/discover/addon"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/kkp"
)

// clustersOf returns the versions of a cluster that the filters accept, as clusters.
func (f *finder) clustersOf(cluster kkp.Cluster) []catalog.Cluster {
	var clusters []catalog.Cluster
	for _, version := range cluster.Versions {
		clusters = append(clusters, catalog.Cluster{Kubernetes: version, Provider: cluster.Provider, CNI: cluster.CNI})
	}
	return f.filter(clusters)
}

// clusterSets returns clusters as few sets of combinations. An empty provider or CNI becomes
// all that the release has.
func (f *finder) clusterSets(clusters []catalog.Cluster, seed kkp.Seed) []addon.ClusterSet {
	var sets []addon.ClusterSet
	for _, group := range groupClusters(clusters) {
		sets = append(sets, addon.ClusterSet{
			Kubernetes: group.versions, Providers: f.allProviders(group.providers), CNI: f.allCNI(group.cni), Settings: fixedSettings(seed),
		})
	}
	return sets
}

// clusterGroup are the clusters with every combination of its versions and providers.
type clusterGroup struct {
	versions  []string // without "v", ordered
	providers []string // ordered; "": any
	cni       string   // "": any
}

// groupClusters groups clusters: first the versions of a provider and CNI, and then the
// providers whose versions and CNI are the same.
func groupClusters(clusters []catalog.Cluster) []clusterGroup {
	type providerCNI struct{ provider, cni string }
	byProvider := map[providerCNI][]string{}
	for _, c := range clusters {
		key := providerCNI{c.Provider, c.CNI}
		byProvider[key] = append(byProvider[key], strings.TrimPrefix(c.Kubernetes, "v"))
	}
	var groups []clusterGroup
	for key, versions := range byProvider {
		versions = slices.SortedFunc(slices.Values(distinct(versions)), compareVersions)
		i := slices.IndexFunc(groups, func(g clusterGroup) bool { return g.cni == key.cni && slices.Equal(g.versions, versions) })
		if i < 0 {
			i, groups = len(groups), append(groups, clusterGroup{versions: versions, cni: key.cni})
		}
		groups[i].providers = append(groups[i].providers, key.provider)
	}
	for _, group := range groups {
		slices.Sort(group.providers)
	}
	slices.SortFunc(groups, func(a, b clusterGroup) int {
		return cmp.Or(slices.Compare(a.versions, b.versions), cmp.Compare(a.cni, b.cni))
	})
	return groups
}

// fixedSettings returns the settings that are known for all clusters of a Seed. CSIMigration is off
// for new clusters, so it is off if no existing cluster has it. All other settings are unknown.
func fixedSettings(seed kkp.Seed) map[string]bool {
	if slices.ContainsFunc(seed.Clusters, func(c kkp.Cluster) bool { return c.CSIMigration }) {
		return nil
	}
	return map[string]bool{"CSIMigration": false}
}

// allProviders returns the providers, or all providers of the release if one of them is "".
func (f *finder) allProviders(providers []string) []string {
	if slices.Contains(providers, "") {
		return f.release.Providers()
	}
	return providers
}

// allCNI returns a CNI, or all CNIs of the release for "".
func (f *finder) allCNI(cni string) []string {
	if cni != "" {
		return []string{cni}
	}
	var all []string
	for typ, versions := range f.release.CNI() {
		for _, version := range versions {
			all = append(all, strings.TrimSpace(typ+" "+version))
		}
	}
	slices.Sort(all)
	return all
}

// describe returns the condition under which clusters need a reference: the versions, providers,
// CNIs and settings that the template used, unless all clusters have them.
func describe(need addon.ImageUse, among []addon.ClusterSet) string {
	var parts []string
	about := func(told bool, values func(addon.ClusterSet) []string) {
		needed, all := union(need.Clusters, values), union(among, values)
		if told && (len(needed) < len(all) || len(all) == 1) {
			parts = append(parts, strings.Join(needed, " or "))
		}
	}
	if versions := minors(union(need.Clusters, kubernetes), union(among, kubernetes)); need.DependsOn.Kubernetes && versions != nil {
		parts = append(parts, "Kubernetes "+strings.Join(versions, " or "))
	}
	about(need.DependsOn.Provider, func(s addon.ClusterSet) []string { return s.Providers })
	about(need.DependsOn.CNI, func(s addon.ClusterSet) []string { return s.CNI })
	return strings.Join(append(parts, settingsOf(need.Clusters)...), ", ")
}

func kubernetes(s addon.ClusterSet) []string { return s.Kubernetes }

// minors returns the minors of versions if all patch versions of the minors are needed, else the
// versions; nil if all versions are needed.
func minors(needed, all []string) []string {
	if len(needed) == len(all) && len(all) > 1 {
		return nil
	}
	minor := func(version string) string { return version[:max(strings.LastIndex(version, "."), 0)] }
	var whole []string
	for _, version := range all {
		switch {
		case slices.Contains(needed, version):
			whole = append(whole, minor(version))
		case slices.ContainsFunc(needed, func(other string) bool { return minor(other) == minor(version) }):
			return needed
		}
	}
	return distinct(whole)
}

// settingsOf returns the settings that are on in all sets.
func settingsOf(clusters []addon.ClusterSet) []string {
	var on []string
	for setting, value := range clusters[0].Settings {
		if value && setting != externalCloudProvider && !slices.ContainsFunc(clusters, func(s addon.ClusterSet) bool { return !s.Settings[setting] }) {
			on = append(on, setting)
		}
	}
	slices.Sort(on)
	return on
}

// union returns the values of all sets, each once, in the order of versions.
func union(clusters []addon.ClusterSet, values func(addon.ClusterSet) []string) []string {
	var all []string
	for _, s := range clusters {
		all = append(all, values(s)...)
	}
	return slices.SortedFunc(slices.Values(distinct(all)), compareVersions)
}
