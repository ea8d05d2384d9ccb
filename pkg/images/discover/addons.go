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
	// Files returns the files below a directory of an image by path, and the errors of the files
	// that could not be read by path.
	Files(ctx context.Context, ref images.Ref, dir string, keep func(path string) bool) (files map[string][]byte, refused map[string]error, err error)
}

// AddonSource is the place of the addons, and how to render them. Without Dir and Images, there are
// no addons.
type AddonSource struct {
	Dir    fs.FS      // directory of addons; nil: the addons are in an image
	Image  string     // reference of the image; "": the image of the installation
	Images ImageFiles // reads the image

	// Render renders addons within bounds; nil: they are rendered in this process, with only the
	// bounds of package addon.
	Render func(context.Context, addon.Request) (addon.Reply, error)
}

// addons adds the images of the addons that the user clusters in scope have or can get.
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
		f.Gap(Addons, where, errors.New("no addons found: expected directories with templates named *.yaml"))
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
			f.addonGap(said, addon.Failure{Subject: "addon " + job.addon.Name, Err: fmt.Errorf("not found in %s", where)})
			continue
		}
		f.addon(job, said)
	}
}

// wantedAddon is an addon with the clusters that need it.
type wantedAddon struct {
	addon    kkp.Addon
	clusters []addon.ClusterSet
}

// wantedAddons returns the addons of the clusters of a scope: default addons, addons that users can
// choose, and installed addons.
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

// distinctWanted removes duplicates. There are many with --all and with many equal clusters.
func distinctWanted(wanted []wantedAddon) []wantedAddon {
	seen := map[string]bool{}
	return slices.DeleteFunc(wanted, func(w wantedAddon) bool {
		id, err := json.Marshal([]any{w.addon.Name, w.addon.Variables, w.clusters})
		repeated := err == nil && seen[string(id)]
		seen[string(id)] = true
		return repeated
	})
}

// addonsForAll returns the default addons and the addons that users can choose.
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

// addonGap adds a gap for a failure, once for all clusters with the same failure.
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

// addon adds the images of an addon.
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

// addonImage adds an image of an addon.
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

// unsupported reports whether a reference is the one that KKP's templates render for unknown
// versions, or has an empty tag.
func unsupported(reference string) bool {
	return strings.HasSuffix(reference, ":UNSUPPORTED") || strings.HasSuffix(reference, ":")
}

// seenUpstream reports whether kubermatic-installer mirror-images renders addons for one of the
// clusters. mirror-images renders with all settings off, and with an external cloud provider only
// for some providers, although every new cluster has one (kubermatic
// pkg/install/images/images.go, v2.31.0).
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
