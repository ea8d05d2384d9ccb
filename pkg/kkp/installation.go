// Package kkp reads a KKP installation, from a live API or from files, into typed read-only views:
// KubermaticConfiguration, Seeds, Clusters, addons, applications, Helm releases and pods. It must
// not know which images the objects need, nor change objects.
package kkp

import (
	"cmp"
	"strings"
)

// Installation is a KKP installation. Unread names the parts that could not be read.
type Installation struct {
	Version       string // "v2.31.0", as the status of the configuration or KKP's Deployments have it
	Edition       string // "CE" or "EE"
	Configuration Configuration
	PullSecret    PullSecret // only of a live installation
	Seeds         []Seed
	Pods          []Pod         // on the master
	Releases      []HelmRelease // Helm releases on the master
	API           API           // on the master
	Applications  Applications
	Profiles      []Profile // from files: operating system profiles and configs, of whatever cluster
	Unread        []Unread
	Access        []Access // to the master, then to each Seed and its user clusters
	Live          bool     // read from an API, not from files

	running struct{ version, edition string } // what KKP's Deployments are of, where the status does not tell
}

// Part is a part of an installation that is read separately.
type Part string

// The parts of an installation.
const (
	PartSeeds    Part = "seeds"
	PartClusters Part = "clusters"
	PartPods     Part = "pods"
	PartAddons   Part = "addons"
	PartReleases Part = "releases"
	PartApps     Part = "applications"
	PartAPI      Part = "api" // versions and resources of API servers

	// PartInstalled are the installed applications of user clusters. They are read with PartApps.
	PartInstalled Part = "installed applications"

	// PartProfiles are the operating system profiles for nodes. They are read only if requested
	// explicitly, because no image depends on them.
	PartProfiles Part = "profiles"

	// PartConfigs are the files in OperatingSystemConfigs, which are most of these objects. They are read
	// with PartProfiles, and only if requested explicitly.
	PartConfigs Part = "files in OperatingSystemConfigs"

	// PartAccess is what the kubeconfigs of all clusters allow, and PartUserPods what the pods in
	// user clusters name. Both are read only if requested explicitly.
	PartAccess   Part = "access"
	PartUserPods Part = "pods in user clusters"
)

// Unread is a part that could not be read.
type Unread struct {
	Part    Part
	Subject string // "Seed frankfurt", "namespace kubermatic on master"
	Err     error
}

// Pod is a pod with the images of all its containers, init and ephemeral containers, and image
// volumes.
type Pod struct {
	Namespace string
	Name      string
	Workload  string // name of its workload, from labels
	Images    []string
	Pulls     []FailedPull // containers that wait for an image that cannot be pulled
}

// FailedPull is a container whose image cannot be pulled.
type FailedPull struct {
	Container string
	Image     string // as written
	Reason    string // "ImagePullBackOff"
	Message   string // of the container runtime, with the words of the registry; at most maxReason characters
}

// editionOf returns the edition of an image name: KKP EE has its own repositories (kubermatic
// pkg/defaulting/images_ee.go).
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
