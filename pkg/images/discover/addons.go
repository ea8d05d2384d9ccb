package discover

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"slices"
	"strings"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/discover/addon"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/kkp"
)

// ImageFiles reads files out of images.
type ImageFiles interface {
	// Files returns the files below a directory of an image, and why some could not be
	// read, by their paths in the directory.
	Files(ctx context.Context, ref images.Ref, dir string, keep func(path string) bool) (files map[string][]byte, refused map[string]error, err error)
}

// AddonSource says where addons are read, and how they are rendered. Without any place, they
// are left out.
type AddonSource struct {
	Dir    fs.FS      // the directory of addons; nil: they are in an image
	Image  string     // the reference of the image; "": the one that the installation runs
	Images ImageFiles // how it is read

	// Render renders addons within bounds; nil: they are rendered here, without any but those
	// of the templates.
	Render func(context.Context, addon.Request) (addon.Reply, error)
}

// addons adds what the addons refer to that the user clusters in scope have or can get.
func (f *finder) addons(ctx context.Context) {
	if f.opts.Addons.Dir == nil && f.opts.Addons.Images == nil {
		f.nothing(Addons, "addons cannot be read here")
		return
	}
	f.nothing(Addons, "the addons of the clusters in scope refer to no image")
	f.unread(Addons, kkp.PartSeeds, kkp.PartClusters, kkp.PartAddons)
	files, where, ok := f.addonFiles(ctx)
	if !ok {
		return
	}
	addons := addon.Split(files)
	if len(addons) == 0 {
		f.Gap(Addons, where, errors.New("it has no addons: directories with templates called *.yaml are expected"))
	}
	var jobs []*addonJob
	for _, s := range f.scopes {
		if s.cluster == master {
			continue
		}
		for _, w := range f.wantedAddons(s, addons) {
			jobs = append(jobs, &addonJob{wantedAddon: w, cluster: s.cluster, files: addons[w.addon.Name]})
		}
	}
	f.renderAddons(ctx, jobs)
	said := map[string]bool{}
	for _, job := range jobs {
		if job.files == nil {
			f.addonGap(said, addon.Failure{Subject: "addon " + job.addon.Name, Err: fmt.Errorf("it is not in %s", where)})
			continue
		}
		f.addon(job, said)
	}
}

// wantedAddon is an addon, and the clusters that it is for.
type wantedAddon struct {
	addon    kkp.Addon
	clusters []addon.ClusterSet
}

// wantedAddons returns the addons that clusters of a scope have or can get: those that
// every cluster gets, those that users can choose, and those that clusters have.
func (f *finder) wantedAddons(s scope, present map[string]addon.Files) []wantedAddon {
	seed, _ := f.seed(s.cluster)
	everywhere := f.clusterSets(s.clusters, seed)
	var wanted []wantedAddon
	for _, a := range f.addonsForAll(present) {
		wanted = append(wanted, wantedAddon{a, everywhere})
	}
	for _, cluster := range seed.Clusters {
		var clusters []addon.ClusterSet
		for _, a := range cluster.Addons {
			if slices.ContainsFunc(wanted, func(w wantedAddon) bool { return w.addon.Name == a.Name }) && len(a.Variables) == 0 {
				continue
			}
			if clusters == nil {
				clusters = f.clusterSets(f.clustersOf(cluster), seed)
			}
			wanted = append(wanted, wantedAddon{a, clusters})
		}
	}
	return distinctWanted(wanted)
}

// distinctWanted leaves out what renders to the same: with --all, and with many clusters
// of a kind, there is much of it.
func distinctWanted(wanted []wantedAddon) []wantedAddon {
	seen := map[string]bool{}
	return slices.DeleteFunc(wanted, func(w wantedAddon) bool {
		id, err := json.Marshal([]any{w.addon.Name, w.addon.Variables, w.clusters})
		repeated := err == nil && seen[string(id)]
		seen[string(id)] = true
		return repeated
	})
}

// addonsForAll returns the addons that any cluster has or can get.
func (f *finder) addonsForAll(present map[string]addon.Files) []kkp.Addon {
	addons, set, err := f.inst.Configuration.DefaultAddons()
	if err != nil {
		f.Gap(Addons, "KubermaticConfiguration", err)
	}
	var names []string
	if !set {
		names = f.release.DefaultAddons()
	}
	accessible := f.inst.Configuration.Spec.API.AccessibleAddons
	if len(accessible) == 0 {
		accessible = f.release.AccessibleAddons()
	}
	names = append(names, accessible...)
	if f.opts.All {
		names = slices.Sorted(maps.Keys(present))
	}
	for _, name := range names {
		if !slices.ContainsFunc(addons, func(a kkp.Addon) bool { return a.Name == name }) {
			addons = append(addons, kkp.Addon{Name: name})
		}
	}
	return addons
}

func (f *finder) seed(name string) (kkp.Seed, bool) {
	i := slices.IndexFunc(f.inst.Seeds, func(s kkp.Seed) bool { return s.Name == name })
	if i < 0 {
		return kkp.Seed{}, false
	}
	return f.inst.Seeds[i], true
}

// addonGap names what failed, once for all clusters for which it fails.
func (f *finder) addonGap(said map[string]bool, failure addon.Failure) {
	id := failure.Subject + failure.Err.Error()
	if said[id] {
		return
	}
	said[id] = true
	err := failure.Err
	if failure.Cluster != "" {
		err = fmt.Errorf("%w (for %s)", err, failure.Cluster)
	}
	f.Gap(Addons, failure.Subject, err)
}

// addon adds what an addon refers to.
func (f *finder) addon(job *addonJob, said map[string]bool) {
	if job.err != nil {
		f.addonGap(said, addon.Failure{Subject: "addon " + job.addon.Name, Err: job.err})
	}
	needs := map[string]addon.ImageUse{}
	for _, result := range job.results {
		for _, failure := range result.Failures {
			f.addonGap(said, failure)
		}
		for _, need := range result.Needs {
			need.Clusters = append(need.Clusters, needs[need.Reference].Clusters...)
			needs[need.Reference] = need
		}
	}
	for _, reference := range slices.Sorted(maps.Keys(needs)) {
		need := needs[reference]
		reason := images.Reason{Source: Addons, Component: job.addon.Name, Cluster: job.cluster, Condition: describe(need, job.clusters)}
		f.addonImage(need, reason)
	}
}

// addonImage adds an image that an addon refers to.
func (f *finder) addonImage(need addon.ImageUse, reason images.Reason) {
	if unsupported(need.Reference) {
		f.Note(fmt.Sprintf("addon %s has no image %s, which is for %s: it is left out", reason.Component, need.Reference,
			cmp.Or(reason.Condition, "every cluster")))
		return
	}
	ref, err := images.ParseRef(need.Reference)
	if err != nil {
		f.Gap(Addons, "addon "+reason.Component, err)
		return
	}
	upstream := images.UpstreamMissing
	if slices.ContainsFunc(need.Clusters, seenUpstream) {
		upstream = ""
	}
	if need.Rewritten && !f.opts.IgnoreOverrides && f.overrides.rewrites {
		ref = f.overrides.rewrite.Ref(ref)
	}
	f.foundImage(images.Image{Ref: ref, Upstream: upstream, Reasons: []images.Reason{reason}})
}

// unsupported reports whether a reference is what KKP's templates make for versions that
// they do not know, or has no tag where one is to be.
func unsupported(reference string) bool {
	return strings.HasSuffix(reference, ":UNSUPPORTED") || strings.HasSuffix(reference, ":")
}

// seenUpstream reports whether mirror-images renders addons for one of the clusters: it
// leaves all settings off, and knows external cloud providers for some only, though every
// new cluster has one (kubermatic pkg/install/images/images.go, v2.31.0).
func seenUpstream(clusters addon.ClusterSet) bool {
	for setting, on := range clusters.Settings {
		if on != (setting == "etcdLauncher") && setting != externalCloudProvider {
			return false
		}
	}
	external, asked := clusters.Settings[externalCloudProvider]
	return !asked || slices.ContainsFunc(clusters.Providers, func(provider string) bool {
		switch provider {
		case "openstack", "hetzner", "azure", "vsphere", "anexia", "kubevirt":
			return external
		default:
			return !external
		}
	})
}

const externalCloudProvider = "externalCloudProvider"
