package discover

import (
	"cmp"
	"maps"
	"slices"
	"strings"

	"github.com/Masterminds/semver/v3"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/catalog"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/kkp"
)

// master is the name of the master cluster in reasons.
const master = images.Master

// scope is one cluster of the installation with its components: the master, or a Seed with its user
// clusters.
type scope struct {
	cluster  string // "master" or the name of the Seed, for reasons
	places   []catalog.Place
	clusters []catalog.Cluster // user clusters that exist or that users can create
	features map[string]bool   // nil: every feature
}

// Summary describes the user clusters in scope.
type Summary struct {
	Kubernetes []string // versions, ascending
	Providers  []string // empty: every provider
}

// ScopeOf returns the summary of the user clusters for Inventory, without any discovery.
func ScopeOf(inst kkp.Installation, release *catalog.Release, opts Options) Summary {
	f := &finder{inst: inst, release: release, opts: opts}
	return summarize(f.findScopes())
}

// UserClusters returns the user clusters that each Seed has or can get, after the filters, by
// the Seed's name, "" if no Seed is known.
func UserClusters(inst kkp.Installation, release *catalog.Release, opts Options) map[string][]catalog.Cluster {
	f := &finder{inst: inst, release: release, opts: opts}
	clusters := map[string][]catalog.Cluster{}
	for _, s := range f.findScopes() {
		if slices.Contains(s.places, catalog.UserCluster) {
			clusters[s.cluster] = append(clusters[s.cluster], s.clusters...)
		}
	}
	return clusters
}

// findScopes returns the scopes. Unknown facts do not limit them: without Seeds, every provider and
// every setting of a Seed is in scope.
func (f *finder) findScopes() []scope {
	scopes := []scope{{cluster: master, places: []catalog.Place{catalog.Master}, features: f.features(kkp.Seed{})}}
	seeds := f.inst.Seeds
	if len(seeds) == 0 {
		seeds = []kkp.Seed{{MLA: true, Metering: true}}
	}
	for _, seed := range seeds {
		scopes = append(scopes, scope{
			cluster: seed.Name, places: []catalog.Place{catalog.Seed, catalog.UserCluster},
			clusters: f.clusters(seed), features: f.features(seed),
		})
	}
	return scopes
}

// clusters returns the user clusters that a Seed has or can get, after the filters.
func (f *finder) clusters(seed kkp.Seed) []catalog.Cluster {
	var clusters []catalog.Cluster
	for _, cluster := range seed.Clusters {
		for _, version := range cluster.Versions {
			clusters = append(clusters, catalog.Cluster{Kubernetes: version, Provider: cluster.Provider, CNI: cluster.CNI})
		}
	}
	cni := strings.TrimSpace(strings.Join(f.defaultCNI(), " "))
	providers := f.providers(seed)
	if f.opts.All {
		cni, providers = "", []string{""}
	}
	for _, version := range f.offered(seed) {
		for _, provider := range providers {
			clusters = append(clusters, catalog.Cluster{Kubernetes: version, Provider: provider, CNI: cni})
		}
	}
	return f.filter(clusters)
}

func (f *finder) defaultCNI() []string {
	typ, version := f.release.DefaultCNI()
	return []string{typ, version}
}

// providers returns the providers of the Seed's datacenters, or all if no Seed is known.
func (f *finder) providers(seed kkp.Seed) []string {
	if len(f.inst.Seeds) == 0 {
		return []string{""}
	}
	return seed.Providers()
}

// offered returns the Kubernetes versions of new clusters: the versions of the configuration. If
// the configuration has none, it returns all versions of the release, or only the default version if
// the existing clusters are known.
func (f *finder) offered(seed kkp.Seed) []string {
	versions := f.inst.Configuration.Spec.Versions
	listed := trimmed(versions.Versions)
	standard := strings.TrimPrefix(cmp.Or(versions.Default, f.release.DefaultKubernetes()), "v")
	switch {
	case f.opts.All:
		return distinct(append(append(f.release.Kubernetes(), listed...), standard))
	case len(listed) > 0:
		return distinct(append(listed, standard))
	case seed.Read:
		return []string{standard}
	default:
		return distinct(append(f.release.Kubernetes(), standard))
	}
}

// filter keeps the clusters that the provider and version filters accept. A cluster that
// stands for every provider becomes one for each that is asked for.
func (f *finder) filter(clusters []catalog.Cluster) []catalog.Cluster {
	var kept []catalog.Cluster
	for _, cluster := range clusters {
		if !f.wantsVersion(cluster.Kubernetes) {
			continue
		}
		switch {
		case len(f.opts.Providers) == 0 || slices.Contains(f.opts.Providers, cluster.Provider):
			kept = append(kept, cluster)
		case cluster.Provider == "":
			for _, provider := range f.opts.Providers {
				cluster.Provider = provider
				kept = append(kept, cluster)
			}
		}
	}
	return distinct(kept)
}

func (f *finder) wantsVersion(version string) bool {
	if f.opts.Versions == nil {
		return true
	}
	v, err := semver.NewVersion(version)
	return err == nil && f.opts.Versions.Check(v)
}

// features returns the features that are on for a Seed, nil for all. Features are settings of the
// admin, and settings of existing clusters that new clusters cannot have.
func (f *finder) features(seed kkp.Seed) map[string]bool {
	if f.opts.All {
		return nil
	}
	spec := f.inst.Configuration.Spec
	features := map[string]bool{
		"HeadlessInstallation=false":        !spec.FeatureGates["HeadlessInstallation"],
		"VerticalPodAutoscaler":             spec.FeatureGates["VerticalPodAutoscaler"],
		"ExternalApplicationCatalogManager": spec.FeatureGates["ExternalApplicationCatalogManager"],
		"userClusterMLA":                    seed.MLA && spec.FeatureGates["UserClusterMLA"],
		"metering":                          seed.Metering,
		"exposeStrategy=LoadBalancer":       f.inst.Balanced(seed),
		"externalCloudProvider":             true,  // KKP's webhook sets it on every new cluster
		"konnectivity=false":                false, // true if an existing cluster has it
		"chartsFromSource":                  false, // an installation does not store the origin of its charts
	}
	for _, cluster := range seed.Clusters {
		if !cluster.Konnectivity {
			features["konnectivity=false"] = true
		}
	}
	return features
}

// summarize returns the summary of the user clusters of scopes.
func summarize(scopes []scope) Summary {
	versions, providers := map[string]bool{}, map[string]bool{}
	for _, s := range scopes {
		for _, cluster := range s.clusters {
			versions[cluster.Kubernetes] = true
			providers[cluster.Provider] = true
		}
	}
	summary := Summary{Kubernetes: slices.SortedFunc(maps.Keys(versions), compareVersions)}
	if !providers[""] {
		summary.Providers = slices.Sorted(maps.Keys(providers))
	}
	return summary
}

// compareVersions compares versions by precedence. Invalid versions come first.
func compareVersions(a, b string) int {
	va, errA := semver.NewVersion(a)
	vb, errB := semver.NewVersion(b)
	if errA != nil || errB != nil {
		return strings.Compare(a, b)
	}
	return va.Compare(vb)
}

func trimmed(versions []string) []string {
	var bare []string
	for _, v := range versions {
		bare = append(bare, strings.TrimPrefix(v, "v"))
	}
	return bare
}

// distinct returns the items without duplicates, in order.
func distinct[T comparable](items []T) []T {
	seen := map[T]bool{}
	return slices.DeleteFunc(slices.Clone(items), func(item T) bool {
		repeated := seen[item]
		seen[item] = true
		return repeated
	})
}
