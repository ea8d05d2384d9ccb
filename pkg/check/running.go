package check

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/kkp"
)

// runningDefinitions returns the checks of the section running.
func runningDefinitions() []Definition {
	return []Definition{
		{runningPods, []Status{StatusUnknown}, "whether the pods of the clusters can be read", "see the section access"},
		{runningImage, []Status{StatusOK, StatusWarning}, "whether images of pods on the master and the Seeds are those of the mirror, or their hosts are declared with `--runtime-mirrors`", "redirect the image, or declare its host"},
		{runningUserCluster, []Status{StatusOK, StatusWarning, StatusNotReady, StatusUnknown}, "whether images of pods in user clusters are those of the mirror, or the containerd of the nodes has a mirror for their hosts", "set mirrors for the nodes (`patch-seed`), and roll the MachineDeployments"},
		{runningPull, []Status{StatusNotReady}, "whether a container waits for an image that cannot be pulled", "see the reason, which has the words of the registry"},
	}
}

const (
	runningPods        = string(SectionRunning) + ".pods"
	runningImage       = string(SectionRunning) + ".image"
	runningUserCluster = string(SectionRunning) + ".user-cluster"
	runningPull        = string(SectionRunning) + ".pull"
)

// RunningInput is what running pods are judged by.
type RunningInput struct {
	Installation kkp.Installation // with kkp.PartPods; kkp.PartUserPods and kkp.PartProfiles for user clusters
	Mirror       images.Target
	Declared     []string // hosts for which the container runtime of all nodes has a mirror, as the user says
}

// Running judges the images that running pods name. A reference is ready if it is of the mirror, or if
// the container runtime of the nodes has a mirror for its host.
func Running(in RunningInput) []Finding {
	r := runningJudge{RunningInput: in, elsewhere: map[string]*imageFinding{}}
	r.unread()
	r.cluster("master", kkp.UseOf(in.Installation.Pods))
	for _, seed := range in.Installation.Seeds {
		r.cluster("Seed "+seed.Name, kkp.UseOf(seed.Pods))
	}
	for _, seed := range in.Installation.Seeds {
		r.userClusters(seed)
	}
	return slices.Concat(r.findings, r.images(), r.good, r.pulls)
}

// runningJudge collects the findings of the section.
type runningJudge struct {
	RunningInput

	findings  []Finding
	good      []Finding
	pulls     []Finding
	elsewhere map[string]*imageFinding // by ID and image
}

// imageFinding is an image from elsewhere with the clusters whose pods name the image.
type imageFinding struct {
	id, image string
	status    Status
	clusters  []string // each with its pods
	why       string   // of the first cluster with the worst status
}

// unread adds a finding for each cluster whose pods are not known.
func (r *runningJudge) unread() {
	for _, g := range unreadParts(r.Installation.Unread, kkp.PartSeeds, kkp.PartClusters, kkp.PartPods, kkp.PartUserPods) {
		r.findings = append(r.findings, finding(runningPods, StatusUnknown, named(g.subjects), g.cause, unreadRemedy))
	}
}

// cluster judges the pods of the master or of a Seed.
func (r *runningJudge) cluster(name string, use kkp.PodUse) {
	all := true
	for _, image := range use.Images {
		host, ok := r.hostElsewhere(image.Image)
		if ok && slices.Contains(r.Declared, host) || !ok {
			continue
		}
		all = false
		r.add(runningImage, image.Image, StatusWarning, podsOf(image, name), "")
	}
	if all && !r.incomplete(name) {
		r.good = append(r.good, finding(runningImage, StatusOK, name,
			fmt.Sprintf("the %s of its %s are on the mirror, or their hosts have a declared mirror", plural(len(use.Images), "image", "images"), plural(use.Pods, "pod", "pods")), ""))
	}
	r.failed(name, use)
}

// incomplete reports whether pods on the master or on a Seed are not known.
func (r *runningJudge) incomplete(name string) bool {
	return slices.ContainsFunc(r.Installation.Unread, func(u kkp.Unread) bool {
		return (u.Part == kkp.PartPods || u.Part == kkp.PartClusters) && (u.Subject == name || strings.HasSuffix(u.Subject, " on "+name))
	})
}

// hostElsewhere returns the host of an image that is not of the mirror. A text that is no reference
// has none.
func (r *runningJudge) hostElsewhere(image string) (host string, elsewhere bool) {
	ref, err := images.ParseRef(image)
	if err != nil {
		return "", true
	}
	prefix := r.Mirror.Prefix
	of := ref.Registry == r.Mirror.Registry && (prefix == "" || strings.HasPrefix(ref.Repository, prefix+"/"))
	return ref.Registry, !of
}

func podsOf(use kkp.ImageUse, cluster string) string {
	if use.Pods == 1 {
		return fmt.Sprintf("pod %s on %s", use.First, cluster)
	}
	return fmt.Sprintf("%d pods on %s, such as %s", use.Pods, cluster, use.First)
}

func (r *runningJudge) add(id, image string, status Status, pods, why string) {
	key := id + " " + image
	f := r.elsewhere[key]
	if f == nil {
		f = &imageFinding{id: id, image: image}
		r.elsewhere[key] = f
	}
	if worst := worse(f.status, status); worst != f.status {
		f.status, f.why = worst, why
	}
	f.clusters = append(f.clusters, pods)
}

// images returns the findings of the images from elsewhere, ordered.
func (r *runningJudge) images() []Finding {
	var findings []Finding
	for _, key := range slices.Sorted(maps.Keys(r.elsewhere)) {
		f := r.elsewhere[key]
		reason := "named by " + f.clusters[0]
		if more := len(f.clusters) - 1; more > 0 {
			reason += fmt.Sprintf(", and in %s", plural(more, "more cluster", "more clusters"))
		}
		if f.why != "" {
			reason += ": " + f.why
		}
		findings = append(findings, finding(f.id, f.status, f.image, reason, r.remedy(f)))
	}
	return findings
}

func (r *runningJudge) remedy(f *imageFinding) string {
	const declare = "; declare registries for which containerd on these nodes has a mirror already with --runtime-mirrors"
	switch host, _ := r.hostElsewhere(f.image); {
	case host == "":
		return "correct the image in the object that makes these pods: the text is not a reference"
	case f.id == runningImage:
		return "redirect the images to the mirror with the settings and Helm values that name them (patch-config, patch-helm)" + declare
	default:
		return "set mirrors in the datacenters of these user clusters (patch-seed --registry, section datacenters), then roll their MachineDeployments" + declare
	}
}

// failed adds a finding for each image that cannot be pulled in a cluster. The message has the words
// of the registry.
func (r *runningJudge) failed(cluster string, use kkp.PodUse) {
	byImage := map[string][]kkp.PodPull{}
	var order []string
	for _, pull := range use.Pulls {
		if byImage[pull.Image] == nil {
			order = append(order, pull.Image)
		}
		byImage[pull.Image] = append(byImage[pull.Image], pull)
	}
	for _, image := range order {
		first := byImage[image][0]
		more := ""
		if n := len(byImage[image]) - 1; n > 0 {
			more = fmt.Sprintf(" (and %d more)", n)
		}
		reason := fmt.Sprintf("pod %s%s, container %s: %s", first.Pod, more, first.Container, first.Reason)
		if first.Message != "" {
			reason += ": " + first.Message
		}
		r.pulls = append(r.pulls, finding(runningPull, StatusNotReady, image+" on "+cluster, reason,
			"copy the image to where the node pulls it from (sync), and let the node reach, trust and log in to that registry: the sections mirror and datacenters tell what is missing"))
	}
}

// userClusters judges the pods in the user clusters of a Seed.
func (r *runningJudge) userClusters(seed kkp.Seed) {
	good := 0
	for _, cluster := range seed.Clusters {
		if cluster.PodUse == nil || r.unreadIn(seed, cluster) {
			continue
		}
		if r.userCluster(cluster, "user cluster "+cluster.Name+" on Seed "+seed.Name) {
			good++
		}
	}
	if good > 0 {
		r.good = append(r.good, finding(runningUserCluster, StatusOK, "user clusters on Seed "+seed.Name,
			fmt.Sprintf("in %d of %d, all images of pods are on the mirror, or the nodes have a mirror for their hosts", good, len(seed.Clusters)), ""))
	}
}

// unreadIn reports whether the pods of a user cluster are not known.
func (r *runningJudge) unreadIn(seed kkp.Seed, cluster kkp.Cluster) bool {
	return slices.ContainsFunc(r.Installation.Unread, func(u kkp.Unread) bool {
		return u.Part == kkp.PartUserPods && u.Subject == "pods in user cluster "+cluster.Name+" on Seed "+seed.Name
	})
}

// userCluster reports whether all images of a user cluster are ready.
func (r *runningJudge) userCluster(cluster kkp.Cluster, name string) bool {
	ready := true
	for _, image := range cluster.PodUse.Images {
		host, elsewhere := r.hostElsewhere(image.Image)
		if !elsewhere || slices.Contains(r.Declared, host) {
			continue
		}
		if status, why := runtimeStatus(cluster, host); status != StatusOK {
			ready = false
			r.add(runningUserCluster, image.Image, status, podsOf(image, name), why)
		}
	}
	r.failed(name, *cluster.PodUse)
	return ready
}

// runtimeStatus tells whether the container runtime of all nodes of a user cluster has a mirror for a
// host, by the OperatingSystemConfigs of its MachineDeployments.
func runtimeStatus(cluster kkp.Cluster, host string) (Status, string) {
	switch {
	case cluster.Setup == nil || cluster.Setup.Err != nil:
		return StatusUnknown, "the configuration of its nodes could not be read"
	case len(cluster.Setup.Deployments) == 0:
		return StatusWarning, "KKP does not manage its nodes, so their container runtime is not known"
	}
	status, why := StatusOK, ""
	for _, d := range cluster.Setup.Deployments {
		config, found := ConfigOf(cluster, d)
		switch {
		case !found || !config.Runtime.Known:
			if status == StatusOK {
				status, why = StatusUnknown, "the container runtime of MachineDeployment "+d.Namespace+"/"+d.Name+" is not known: no OperatingSystemConfig has its configuration"
			}
		case len(config.Runtime.MirrorsOf(host)) == 0:
			return StatusNotReady, "MachineDeployment " + d.Namespace + "/" + d.Name + " has no mirror for " + host
		}
	}
	return status, why
}

// ConfigOf returns the OperatingSystemConfig of a MachineDeployment (operating-system-manager
// pkg/controllers/osc/resources, v1.11.3).
func ConfigOf(cluster kkp.Cluster, d kkp.MachineDeployment) (kkp.Profile, bool) {
	for _, config := range cluster.Setup.Configs {
		if config.Name == d.Name+"-"+d.Namespace+"-config" {
			return config, true
		}
	}
	return kkp.Profile{}, false
}
