package check

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/files"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/files/rewrite"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/kkp"
)

// profileDefinitions returns the checks of the section datacenters that concern operating system
// profiles, and the files that they download.
func profileDefinitions() []Definition {
	at := func(name string, meaning, remedy string, statuses ...Status) Definition {
		return Definition{ID: id(SectionDatacenters, name), Statuses: statuses, Meaning: meaning, Remedy: remedy}
	}
	return []Definition{
		at("profile", "whether what new nodes with an operating system profile download comes from the mirror of files", "`files DIR`, then `patch-seed DATACENTER --files-url`", StatusOK, StatusNotReady, StatusUnknown),
		at("profile-old", "whether a rewritten profile is made from the present version of its original", "`patch-seed DATACENTER --files-url`", StatusNotReady),
		at("packages", "repositories of packages that new nodes ask in addition", "`patch-seed DATACENTER --packages-url`, or a mirror of the operating system", StatusWarning),
		at("file", "whether the mirror of files has what new nodes download", "`files DIR`, and serve the directory", StatusOK, StatusNotReady, StatusUnknown),
		at("profile-copy", "whether user clusters have the present version of rewritten profiles", "KKP copies profiles to user clusters that are healthy and not paused", StatusOK, StatusNotReady),
		at("machine-deployment", "whether new nodes of a MachineDeployment get the rewritten profile and the mirrors of the datacenter", "change the MachineDeployment, with the kubeconfig of the user cluster", StatusOK, StatusNotReady),
	}
}

// NodeProfile is an operating system profile in use, with what is known of its nodes.
type NodeProfile struct {
	Seed        string
	Name        string // "osp-ubuntu-mirror", or the name of the original
	Version     string
	Original    kkp.Profile
	MadeFrom    string   // version of the original that the profile is made from; "": it is the original
	Datacenters []string // that use the original or the profile
	Unnamed     []string // datacenters whose new MachineDeployments get the original

	Base         string   // of the mirror of files; "": it is not known
	Packages     string   // URL of the copy of the packages of containerd (rewrite.PackagesHost); "": nodes ask the original
	Elsewhere    []string // addresses that nodes download and that are not on the mirror of files
	Repositories []string // of packages
	Problem      string   // why the downloads are not known; "": they are
	Installed    []byte   // certificates that the rewritten profile installs (PEM)
	Command      string   // makes the profile (again); "": a setting is not known
}

// Traced fills in what nodes download, by the traces of the original and of the profile. The mirror of
// files is where the profile downloads what the original downloads from elsewhere, and the copy of the
// packages of containerd is found in the same way.
func (p *NodeProfile) Traced(original, present files.Answer) {
	for _, gap := range present.Gaps {
		p.Problem = cmp.Or(p.Problem, strings.TrimPrefix(gap.Where+": "+gap.Text, ": "))
	}
	before := knownPaths(original)
	for _, found := range present.Results {
		for _, gap := range found.Gaps {
			p.Problem = cmp.Or(p.Problem, strings.TrimPrefix(gap.Where+": "+gap.Text, ": "))
		}
		for _, d := range found.Downloads {
			p.download(d.URL, before)
		}
		for _, r := range found.Repositories {
			p.repository(r.URL, before)
		}
	}
	slices.Sort(p.Elsewhere)
	p.Elsewhere = slices.Compact(p.Elsewhere)
	p.Repositories = hostsOf(p.Repositories)
}

// paths are the parts of addresses that stay when a profile is rewritten.
type paths struct {
	files    []string // below the mirror of files: "dl.k8s.io/v1.35.7/bin/linux/amd64/kubelet"
	packages []string // below the copy of the packages of containerd: "linux/ubuntu"
}

// knownPaths are the paths of what nodes download with an original profile.
func knownPaths(original files.Answer) paths {
	var known paths
	add := func(address string) {
		kept, err := files.PathOf(address)
		if err != nil {
			return
		}
		known.files = append(known.files, kept)
		if rest, ok := strings.CutPrefix(kept, rewrite.PackagesHost+"/"); ok {
			known.packages = append(known.packages, rest)
		}
	}
	for _, found := range original.Results {
		for _, d := range found.Downloads {
			add(d.URL)
		}
		for _, r := range found.Repositories {
			if _, rest, ok := strings.Cut(r.URL, "://"+rewrite.PackagesHost+"/"); ok {
				known.packages = append(known.packages, strings.TrimSuffix(rest, "/"))
			}
		}
	}
	return known
}

// below returns the start of an address that ends with one of some paths, if the start is the one
// that is known, or none is known.
func below(address string, paths []string, known string) (string, bool) {
	for _, path := range paths {
		if base, ok := strings.CutSuffix(strings.TrimSuffix(address, "/"), "/"+path); ok && (known == "" || known == base) {
			return base, true
		}
	}
	return "", false
}

// download adds an address that nodes download.
func (p *NodeProfile) download(address string, before paths) {
	if p.MadeFrom != "" {
		if base, ok := below(address, before.files, p.Base); ok {
			p.Base = base
			return
		}
		if p.copied(address, before) {
			return
		}
	}
	p.Elsewhere = append(p.Elsewhere, address)
}

// copied reports whether an address is in the copy of the packages of containerd.
func (p *NodeProfile) copied(address string, before paths) bool {
	base, ok := below(address, before.packages, p.Packages)
	if !ok || strings.HasSuffix(base, "://"+rewrite.PackagesHost) {
		return false
	}
	p.Packages = base
	return true
}

// repository adds a repository of packages, unless it is in the copy of these packages.
func (p *NodeProfile) repository(address string, before paths) {
	if p.MadeFrom != "" && p.copied(address, before) {
		return
	}
	if p.Base == "" || hostsOf([]string{address})[0] != hostsOf([]string{p.Base})[0] {
		p.Repositories = append(p.Repositories, address)
	}
}

// Findings judges what nodes with a profile download.
func (p NodeProfile) Findings() []Finding {
	subject := fmt.Sprintf("profile %s on Seed %s", p.Name, p.Seed)
	remedy := &Remedy{Command: p.Command, Text: "copy the files (kubectl kkp-mirror files DIR) and serve the directory; then check --files-url URL prints the command for the profiles"}
	switch {
	case p.Base != "":
		remedy.Text = "make the profile again, with the same flags for the mirror of packages and for certificates: kubectl kkp-mirror patch-seed " + p.Datacenters[0] + " --files-url " + p.Base
	case p.Command != "":
		remedy.Text = "let new nodes download from the mirror of files, when it has the files"
	}
	var findings []Finding
	add := func(name string, status Status, reason string) {
		f := Finding{ID: id(SectionDatacenters, name), Status: status, Subject: subject, Reason: reason}
		if status != StatusOK {
			f.Remedy = remedy
		}
		findings = append(findings, f)
	}
	if p.Problem != "" {
		remedy.Command = "" // a profile is rewritten only if its downloads are known
	}
	where := plural(len(p.Datacenters), "datacenter", "datacenters") + " (" + named(p.Datacenters) + ")"
	switch {
	case p.Problem != "":
		add("profile", StatusUnknown, "what nodes download is not known: "+p.Problem)
	case len(p.Elsewhere) > 0:
		add("profile", StatusNotReady, fmt.Sprintf("new nodes in %s download %s from %s", where, plural(len(p.Elsewhere), "file", "files"), strings.Join(hostsOf(p.Elsewhere), ", ")))
	case len(p.Unnamed) > 0:
		add("profile", StatusNotReady, fmt.Sprintf("new MachineDeployments in %s get %s, which downloads from elsewhere", named(p.Unnamed), p.Original.Name))
	case p.Base == "":
		add("profile", StatusOK, "new nodes in "+where+" download no files")
	default:
		add("profile", StatusOK, "new nodes in "+where+" download all files from "+p.Base)
	}
	if p.MadeFrom != "" && p.MadeFrom != p.Original.Version {
		add("profile-old", StatusNotReady, fmt.Sprintf("is made from %s %s, and %s is in use now", p.Original.Name, p.MadeFrom, p.Original.Version))
	}
	if len(p.Repositories) > 0 {
		findings = append(findings, finding(id(SectionDatacenters, "packages"), StatusWarning, subject, "new nodes also ask "+strings.Join(p.Repositories, ", ")+" for packages",
			"serve a copy of these repositories under their names, or let new nodes ask another server for containerd: kubectl kkp-mirror patch-seed "+p.Datacenters[0]+" --packages-url URL"))
	}
	return findings
}

// hostsOf are the hosts of addresses, each once, in order.
func hostsOf(addresses []string) []string {
	var hosts []string
	for _, address := range addresses {
		_, rest, _ := strings.Cut(address, "://")
		host, _, _ := strings.Cut(rest, "/")
		hosts = append(hosts, host)
	}
	slices.Sort(hosts)
	return slices.Compact(hosts)
}

// Files is what a mirror of files has.
type Files struct {
	Section Section // SectionDatacenters, or SectionUpgrade for files that only a planned release needs
	Base    string  // URL
	Results []files.Result
	Command string // copies the files; "": the directory that the mirror serves is not known
}

// Findings judges the files on a mirror of files.
func (m Files) Findings() []Finding {
	who, command := "new nodes", "kubectl kkp-mirror files DIR"
	if m.Section == SectionUpgrade {
		who, command = "new nodes of the planned release", command+" --kkp-version VERSION"
	}
	var findings []Finding
	good := 0
	for _, r := range m.Results {
		status := StatusNotReady
		switch {
		case r.Outcome.Good():
			good++
			continue
		case r.Outcome != files.Missing && r.Outcome != files.Different:
			status = StatusUnknown
		}
		f := finding(id(m.Section, "file"), status, m.Base+"/"+r.Path, r.Error,
			"copy the files that "+who+" download ("+command+"), and serve the directory at "+m.Base)
		f.Remedy.Command = m.Command
		findings = append(findings, f)
	}
	if good > 0 {
		ok := Finding{ID: id(m.Section, "file"), Status: StatusOK, Subject: plural(good, "file", "files"), Reason: "that " + who + " download are at " + m.Base}
		findings = slices.Insert(findings, 0, ok)
	}
	return findings
}

// StaleNodes is a MachineDeployment whose new nodes get something old.
type StaleNodes struct {
	Deployment string // "kube-system/shop-workers"
	Reason     string
	Command    string // changes the MachineDeployment; "": no command of this plugin does
	Remedy     string // "roll the MachineDeployment: kubectl …"
}

// ClusterProfiles is a user cluster with the rewritten profiles of its datacenter.
type ClusterProfiles struct {
	Cluster kkp.Cluster
	Seed    kkp.Seed
	Old     []string // rewritten profiles whose present version the user cluster does not have, with a reason each
	Stale   []StaleNodes
}

// Findings judges whether nodes of a user cluster get what its datacenter has.
func (c ClusterProfiles) Findings() []Finding {
	subject := "user cluster " + c.Cluster.Name + " on Seed " + c.Seed.Name
	var findings []Finding
	for _, old := range c.Old {
		remedy := "KKP copies the profile from the Seed; wait, and check again"
		switch {
		case c.Cluster.Paused:
			remedy = "KKP does not copy profiles to a paused user cluster: end the pause, then change an annotation of the profile on the Seed, so that KKP tries again"
		case len(c.Cluster.Unhealthy) > 0:
			remedy = "KKP does not copy profiles to a user cluster that is not healthy (" + strings.Join(c.Cluster.Unhealthy, ", ") + "): when it is, change an annotation of the profile on the Seed, so that KKP tries again"
		}
		findings = append(findings, finding(id(SectionDatacenters, "profile-copy"), StatusNotReady, subject, old, remedy))
	}
	for _, stale := range c.Stale {
		f := finding(id(SectionDatacenters, "machine-deployment"), StatusNotReady, subject+": MachineDeployment "+stale.Deployment, stale.Reason,
			"with the kubeconfig of the user cluster, "+stale.Remedy)
		f.Remedy.Command = stale.Command
		findings = append(findings, f)
	}
	return findings
}

// CurrentCopies is the finding for the user clusters of a Seed whose profiles are the present ones.
func CurrentCopies(seed string, clusters int) Finding {
	return Finding{
		ID: id(SectionDatacenters, "profile-copy"), Status: StatusOK, Subject: "user clusters on Seed " + seed,
		Reason: fmt.Sprintf("%d have the present rewritten profiles, and their MachineDeployments use these", clusters),
	}
}

// StaleNodes judges whether new nodes of the datacenter's MachineDeployments have the mirrors that the
// datacenter has, by their OperatingSystemConfigs.
func (d Datacenter) StaleNodes() []Finding {
	var findings []Finding
	for _, cluster := range d.Clusters {
		if cluster.Setup == nil || cluster.Setup.Err != nil || cluster.RuntimeOptions || d.NoNodes {
			continue
		}
		judged := ClusterProfiles{Cluster: cluster, Seed: d.Seed}
		for _, deployment := range cluster.Setup.Deployments {
			if without := d.withoutMirrors(cluster, deployment); len(without) > 0 {
				judged.Stale = append(judged.Stale, StaleNodes{
					Deployment: deployment.Namespace + "/" + deployment.Name,
					Reason:     "its OperatingSystemConfig is older than the settings of the datacenter: new nodes have no mirror for " + strings.Join(without, ", "),
					Remedy:     "roll the MachineDeployment: change its template, such as an annotation of spec.template.metadata",
				})
			}
		}
		findings = append(findings, judged.Findings()...)
	}
	return findings
}

// withoutMirrors returns the registries for which a MachineDeployment's new nodes have no mirror in
// their containerd, although the datacenter has one. Nothing is known of a MachineDeployment without an
// OperatingSystemConfig.
func (d Datacenter) withoutMirrors(cluster kkp.Cluster, deployment kkp.MachineDeployment) []string {
	config, found := ConfigOf(cluster, deployment)
	if !found || !config.Runtime.Known {
		return nil
	}
	var without []string
	for _, host := range d.Hosts {
		pending := slices.ContainsFunc(d.Pending, func(s NodeSetting) bool { return s.Host == host })
		if !pending && len(config.Runtime.MirrorsOf(host)) == 0 {
			without = append(without, host)
		}
	}
	return without
}
