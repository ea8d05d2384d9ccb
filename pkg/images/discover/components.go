package discover

import (
	"context"
	"fmt"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/catalog"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/kkp"
)

// components adds the images of the release catalog for the clusters in scope.
func (f *finder) components(context.Context) {
	f.unread(Components, kkp.PartSeeds, kkp.PartClusters)
	if !f.release.Exact() {
		f.inexact(Components)
	}
	for _, s := range f.scopes {
		found, unknown := f.release.Images(catalog.Scope{Places: s.places, Clusters: s.clusters, Features: s.features})
		for _, img := range found {
			if !f.replaced(img.Component) {
				f.component(img, s.cluster)
			}
		}
		for _, u := range unknown {
			f.Gap(Components, u.Subject, fmt.Errorf("%s", u.Reason))
		}
	}
	if f.opts.IgnoreOverrides {
		for _, note := range f.overrides.notes() {
			f.Note(note)
		}
	}
}

// inexact adds a gap for a release that is not in the catalog.
func (f *finder) inexact(source string) {
	f.Gap(source, "KKP "+f.release.Version(), fmt.Errorf("not in the catalog; what %s needs is listed instead", f.release.DataVersion()))
}

// replaced reports whether the configuration replaces a component by another container, which the
// source configured adds.
func (f *finder) replaced(component string) bool {
	controller := f.inst.Configuration.Spec.SeedController
	switch {
	case f.opts.All:
		return false
	case component == "store-container":
		return controller.BackupStoreContainer != ""
	case component == "delete-container":
		return controller.BackupDeleteContainer != ""
	}
	return false
}

// component adds an image of the catalog, by its upstream or actual name as the options say.
func (f *finder) component(img catalog.NeededImage, cluster string) {
	reason := images.Reason{Source: Components, Component: img.Component, Cluster: cluster, Condition: img.Condition}
	ref, err := images.ParseRef(img.Reference)
	if err == nil && f.opts.IgnoreOverrides {
		ref = f.overrides.upstream(ref, img.Component, cluster)
	} else if err == nil {
		ref, err = f.overrides.actual(ref, img, cluster)
	}
	if err != nil {
		f.Gap(Components, img.Component, err)
		return
	}
	upstream := ""
	if img.UpstreamMissing {
		upstream = images.UpstreamMissing
	}
	f.Add(images.Image{Ref: ref, Kind: images.Kind(img.Kind), Upstream: upstream, Also: f.prefixed(img, ref), Reasons: []images.Reason{reason}})
}

// prefixed is the second place of an image that user clusters pull from where a field of
// their Seed says, with overwriteRegistry in front of its path: KKP does so where a cluster
// has a load balancer of its own (kubermatic pkg/resources/nodeportproxy, v2.31.0). The
// Seed itself pulls from where the field says.
func (f *finder) prefixed(img catalog.NeededImage, ref images.Ref) []string {
	for _, s := range f.release.Settings() {
		if img.Place == catalog.UserCluster && s.Doubled(img) {
			return []string{images.PrefixTemplate + "/" + ref.Repository}
		}
	}
	return nil
}
