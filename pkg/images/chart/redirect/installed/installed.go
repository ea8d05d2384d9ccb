// Package installed selects the Helm releases of an installation, finds the chart of each release, and
// the values that redirect its images. It does the same for charts that are not installed yet. It must
// not know from where charts are read, nor how a release is upgraded.
package installed

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/catalog"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/kkp"
)

// ClusterRelease is an installed Helm release with its cluster.
type ClusterRelease struct {
	kkp.HelmRelease
	API  kkp.API   // API of the cluster
	Seed *kkp.Seed // nil: the cluster is the master
}

// Cluster is images.Master, or the name of the Seed; images.NoCluster for what is not installed.
func (r ClusterRelease) Cluster() string {
	if r.Revision == 0 {
		return images.NoCluster
	}
	if r.Seed == nil {
		return images.Master
	}
	return r.Seed.Name
}

// Releases returns the releases on the master, and then the releases on the Seeds.
func Releases(inst kkp.Installation) []ClusterRelease {
	var all []ClusterRelease
	for _, r := range inst.Releases {
		all = append(all, ClusterRelease{HelmRelease: r, API: inst.API})
	}
	for i := range inst.Seeds {
		seed := &inst.Seeds[i]
		for _, r := range seed.Releases {
			all = append(all, ClusterRelease{HelmRelease: r, API: seed.API, Seed: seed})
		}
	}
	return all
}

// Unread returns a gap for each part of the releases that could not be read.
func Unread(inst kkp.Installation) []images.Gap {
	var gaps []images.Gap
	for _, unread := range inst.Unread {
		if unread.Part == kkp.PartReleases || unread.Part == kkp.PartSeeds {
			gaps = append(gaps, images.Gap{Source: "charts", Subject: unread.Subject, Error: unread.Err.Error()})
		}
	}
	return gaps
}

// Choose returns the releases with one of the names, NAME or NAMESPACE/NAME; without names it
// returns all. A name without a release is an error.
func Choose(all []ClusterRelease, names []string) ([]ClusterRelease, error) {
	if len(names) == 0 {
		return all, nil
	}
	means := func(name string, r ClusterRelease) bool { return name == r.Name || name == r.ID() }
	for _, name := range names {
		if !slices.ContainsFunc(all, func(r ClusterRelease) bool { return means(name, r) }) {
			var known []string
			for _, r := range all {
				known = append(known, r.ID())
			}
			slices.Sort(known)
			return nil, fmt.Errorf("there is no Helm release %q; KKP has %s", name, cmp.Or(strings.Join(slices.Compact(known), ", "), "none"))
		}
	}
	return slices.DeleteFunc(slices.Clone(all), func(r ClusterRelease) bool {
		return !slices.ContainsFunc(names, func(name string) bool { return means(name, r) })
	}), nil
}

// ChartsImage returns the image that contains KKP's own charts. known is false if the version of
// the installation is unknown.
func ChartsImage(inst kkp.Installation) (image images.Ref, known bool) {
	image.Registry, image.Repository = catalog.OperatorRepository(catalog.Edition(strings.ToLower(inst.Edition)))
	image.Tag = inst.Version
	return image, inst.Version != ""
}
