package discover

import (
	"maps"
	"slices"
	"strings"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/catalog"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/discover/addon"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/kkp"
)

// shapesOf returns the shapes of a cluster that the filters accept.
func (f *finder) shapesOf(cluster kkp.Cluster) []catalog.Cluster {
	var shapes []catalog.Cluster
	for _, version := range cluster.Versions {
		shapes = append(shapes, catalog.Cluster{Kubernetes: version, Provider: cluster.Provider, CNI: cluster.CNI})
	}
	return f.filter(shapes)
}

// boxes returns shapes as few combinations of values, with what is empty spelled out.
func (f *finder) boxes(shapes []catalog.Cluster, seed kkp.Seed) []addon.ClusterSet {
	byCluster := map[[2]string][]string{} // versions by provider and CNI
	for _, s := range shapes {
		key := [2]string{s.Provider, s.CNI}
		byCluster[key] = append(byCluster[key], strings.TrimPrefix(s.Kubernetes, "v"))
	}
	byRest := map[[2]string][]string{} // providers by versions and CNI
	for key, versions := range byCluster {
		versions = slices.SortedFunc(slices.Values(distinct(versions)), compareVersions)
		rest := [2]string{strings.Join(versions, ","), key[1]}
		byRest[rest] = append(byRest[rest], key[0])
	}
	var boxes []addon.ClusterSet
	for _, rest := range slices.SortedFunc(maps.Keys(byRest), func(a, b [2]string) int { return slices.Compare(a[:], b[:]) }) {
		boxes = append(boxes, addon.ClusterSet{
			Kubernetes: strings.Split(rest[0], ","), Providers: f.spelledProviders(byRest[rest]), CNI: f.spelledCNI(rest[1]), Settings: settled(seed),
		})
	}
	return boxes
}

// settled returns the settings that no new cluster can have. A cluster that was migrated
// from a driver in Kubernetes' own code is an old one; all other settings are left open.
func settled(seed kkp.Seed) map[string]bool {
	if slices.ContainsFunc(seed.Clusters, func(c kkp.Cluster) bool { return c.CSIMigration }) {
		return nil
	}
	return map[string]bool{"CSIMigration": false}
}

func (f *finder) spelledProviders(providers []string) []string {
	if slices.Contains(providers, "") {
		return f.release.Providers()
	}
	return slices.Sorted(slices.Values(providers))
}

// spelledCNI returns a CNI, or all that the release has.
func (f *finder) spelledCNI(cni string) []string {
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

// describe says for which clusters a reference is needed, among some: by what the
// template looked at, unless that made no difference.
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

// minors returns versions, or their minors if these are complete; nil if they are all
// that there are.
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

// settingsOf returns the settings that must be on.
func settingsOf(shapes []addon.ClusterSet) []string {
	var on []string
	for setting, value := range shapes[0].Settings {
		if value && setting != externalCloudProvider && !slices.ContainsFunc(shapes, func(s addon.ClusterSet) bool { return !s.Settings[setting] }) {
			on = append(on, setting)
		}
	}
	slices.Sort(on)
	return on
}

// union returns the values that any of the shapes has, versions in their order.
func union(shapes []addon.ClusterSet, values func(addon.ClusterSet) []string) []string {
	var all []string
	for _, s := range shapes {
		all = append(all, values(s)...)
	}
	return slices.SortedFunc(slices.Values(distinct(all)), compareVersions)
}
