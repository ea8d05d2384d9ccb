// Package kkp knows what a KKP installation is: typed, read-only views of its
// KubermaticConfiguration, Seeds, Clusters and pods, loaded from a live API or from
// files. It knows the objects of KKP, but not which images they need.
package kkp

import (
	"cmp"
	"strings"
)

// Installation is a KKP installation as far as it could be read.
type Installation struct {
	Version       string // "v2.31.0", as the status of the configuration or KKP's Deployments have it
	Edition       string // "CE" or "EE"
	Configuration Configuration
	PullSecret    PullSecret // of a live installation
	Seeds         []Seed
	Pods          []Pod         // of the master
	Releases      []HelmRelease // the Helm releases of the master
	API           API           // of the master
	Applications  Applications
	Profiles      []Profile // from files: operating system profiles and configs, of whatever cluster
	Unread        []Unread
	Live          bool // read from an API, not from files

	running struct{ version, edition string } // what KKP's Deployments are of, where the status does not tell
}

// Part is a part of an installation that can be unreadable on its own.
type Part string

// The parts of an installation.
const (
	PartSeeds    Part = "seeds"
	PartClusters Part = "clusters"
	PartPods     Part = "pods"
	PartAddons   Part = "addons"
	PartReleases Part = "releases"
	PartApps     Part = "applications"
	PartAPI      Part = "api" // what API servers serve

	// PartProfiles is what sets up nodes. It is read only if it is asked for by name: no
	// image depends on it.
	PartProfiles Part = "profiles"
)

// Unread names something that could not be read.
type Unread struct {
	Part    Part
	Subject string // "seed frankfurt", "namespace kubermatic on master"
	Err     error
}

// Pod is a pod with every image that its containers name, including those of init
// and ephemeral containers and of image volumes.
type Pod struct {
	Namespace string
	Name      string
	Workload  string // the name of the workload it belongs to, as its labels give it
	Images    []string
}

// editionOf reads the edition off an image name: KKP EE has its own repositories
// (kubermatic pkg/defaulting/images_ee.go).
func editionOf(image string) string {
	repository, _, _ := strings.Cut(image, "@")
	base := repository[strings.LastIndex(repository, "/")+1:]
	base, _, _ = strings.Cut(base, ":")
	switch base {
	case "kubermatic-ee", "dashboard-ee":
		return "EE"
	case "kubermatic", "dashboard":
		return "CE"
	}
	return ""
}

// resolveVersion fills version and edition in: from the status of the configuration,
// else from KKP's Deployments, and the edition from the images that run.
func (inst *Installation) resolveVersion() {
	inst.Version = cmp.Or(inst.Configuration.Status.KubermaticVersion, inst.running.version)
	inst.Edition = cmp.Or(inst.Configuration.Status.KubermaticEdition, inst.running.edition)
	for _, pod := range inst.Pods {
		for _, image := range pod.Images {
			if inst.Edition == "" {
				inst.Edition = editionOf(image)
			}
		}
	}
}
