package check

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/kkp"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/patch"
)

// datacentersDefinitions returns the checks of the section datacenters.
func datacentersDefinitions() []Definition {
	at := func(name string, meaning, remedy string, statuses ...Status) Definition {
		return Definition{ID: id(SectionDatacenters, name), Statuses: statuses, Meaning: meaning, Remedy: remedy}
	}
	nodes := []Definition{
		at("nodes", "a datacenter whose nodes are set up for the mirror, or in which KKP makes no nodes", "", StatusOK),
		at("mirrors", "whether the containerd of nodes has the mirror for every registry of the images that nodes pull", "`patch-seed DATACENTER --registry`", StatusNotReady),
		at("pause-image", "whether the image of the pod sandboxes is that of the mirror", "`patch-seed DATACENTER --registry`", StatusNotReady),
		at("insecure-registries", "whether nodes accept the mirror whose certificate is not verified", "`patch-seed DATACENTER --registry --insecure`", StatusNotReady),
		at("csi-registry", "whether the images of the CSI driver of KubeVirt come from the mirror", "`patch-seed DATACENTER --registry`", StatusNotReady),
		at("proxy", "whether nodes reach the mirror without the proxy of the datacenter", "`patch-seed DATACENTER --no-proxy`", StatusNotReady),
		at("old-setting", "settings of nodes whose name KKP does not read any more", "rename the setting", StatusWarning),
		at("runtime-options", "whether user clusters with container runtime options of their own, which hide the mirrors of the datacenter, have the mirrors there", "set the mirrors in the Cluster", StatusNotReady),
		at("mirror-path", "whether this KKP version supports the mirror for nodes", "use a mirror without a path, or upgrade KKP", StatusNotReady, StatusWarning),
		at("unknown", "whether the Seeds and the list of images could be read", "see the sections access and mirror", StatusUnknown),
	}
	return slices.Concat(nodes, profileDefinitions())
}

// NodeSetting is a setting of the nodes of a datacenter that patch-seed would change.
type NodeSetting struct {
	Name   string // "mirrors", "pause-image", "insecure-registries", "csi-registry": the check
	Host   string // of mirrors: the registry
	Field  string // of other settings: "node.pauseImage"
	Live   any    // nil: the setting is not set
	Wanted any
	Owners []string // other managers that own the setting
}

// Datacenter is a datacenter with what patch-seed would do.
type Datacenter struct {
	patch.SeedDatacenter

	NoNodes bool // KKP makes no nodes there
	Pending []NodeSetting
	Proxied *patch.Proxied // the nodes reach the mirror through this proxy; nil: they do not
	Owners  []string       // other managers that own noProxy
	Notes   []string       // settings that have no effect
	Hosts   []string       // for which nodes need the mirror

	Incomplete bool // Hosts lacks what a gap in the list of images hides

	Command        string // sets all of Pending
	Print          string // prints all of Pending, and changes nothing
	NoProxyCommand string
	NoProxyPrint   string
}

// Findings judges the settings of the nodes of a datacenter.
func (d Datacenter) Findings() []Finding {
	subject := "datacenter " + d.Name
	if d.NoNodes {
		return []Finding{{ID: id(SectionDatacenters, "nodes"), Status: StatusOK, Subject: subject, Reason: "KKP makes no nodes there"}}
	}
	var findings []Finding
	for _, name := range []string{"mirrors", "pause-image", "insecure-registries", "csi-registry"} {
		if f, pending := d.pending(name); pending {
			findings = append(findings, f)
		}
	}
	if d.Proxied != nil {
		findings = append(findings, d.proxy())
	}
	for _, note := range d.Notes {
		findings = append(findings, finding(id(SectionDatacenters, "old-setting"), StatusWarning, subject, note, "rename the setting in the Seed, or remove it"))
	}
	for _, cluster := range d.Clusters {
		if f, hidden := d.hidden(cluster); hidden {
			findings = append(findings, f)
		}
	}
	if len(findings) == 0 && !d.Incomplete {
		findings = append(findings, Finding{
			ID: id(SectionDatacenters, "nodes"), Status: StatusOK, Subject: subject,
			Reason: "the nodes pull the images of " + plural(len(d.Hosts), "registry", "registries") + " from the mirror",
		})
	}
	return findings
}

// pending is the finding for the settings of one check that patch-seed would change.
func (d Datacenter) pending(name string) (Finding, bool) {
	var hosts, owners []string
	reason := ""
	for _, setting := range d.Pending {
		owners = append(owners, setting.Owners...)
		switch {
		case setting.Name != name:
		case setting.Host != "":
			hosts = append(hosts, setting.Host)
		default:
			reason = fmt.Sprintf("%s is %s, must be %s", setting.Field, text(setting.Live), text(setting.Wanted))
		}
	}
	if len(hosts) > 0 {
		reason = "no mirror for " + strings.Join(hosts, ", ")
	}
	remedy := &Remedy{Text: "let the nodes of this datacenter pull from the mirror, then roll its MachineDeployments", Command: d.Command}
	if len(owners) > 0 { // the command would fail as a whole
		remedy = owned(owners, "the settings of this datacenter", d.Print)
	}
	return Finding{ID: id(SectionDatacenters, name), Status: StatusNotReady, Subject: "datacenter " + d.Name, Reason: reason, Remedy: remedy}, reason != ""
}

// owned is the remedy for settings that another manager owns. printing is the command that prints the settings.
func owned(owners []string, what, printing string) *Remedy {
	slices.Sort(owners)
	return &Remedy{Text: fmt.Sprintf("%s owns %s: change them there (%s prints the fields), or take them over with patch-seed --force-conflicts",
		strings.Join(slices.Compact(owners), " and "), what, printing)}
}

func (d Datacenter) proxy() Finding {
	f := Finding{
		ID: id(SectionDatacenters, "proxy"), Status: StatusNotReady, Subject: "datacenter " + d.Name,
		Reason: fmt.Sprintf("the nodes reach the mirror through the proxy %s: noProxy (%s) does not have %s",
			d.Proxied.Proxy, cmp.Or(d.Proxied.NoProxy, "empty"), strings.Join(d.Proxied.Registries, ", ")),
		Remedy: &Remedy{Text: "let the nodes reach the mirror without the proxy, then roll the MachineDeployments of this datacenter", Command: d.NoProxyCommand},
	}
	if len(d.Owners) > 0 {
		f.Remedy = owned(d.Owners, "noProxy", d.NoProxyPrint)
	}
	return f
}

// hidden is the finding for a user cluster whose own options hide the mirrors of the datacenter, and
// have none themselves.
func (d Datacenter) hidden(cluster kkp.Cluster) (Finding, bool) {
	if !cluster.RuntimeOptions {
		return Finding{}, false
	}
	var without []string
	for _, host := range d.Hosts {
		own := kkp.RuntimeConfig{Mirrors: cluster.RuntimeMirrors}
		if len(own.MirrorsOf(host)) == 0 {
			without = append(without, host)
		}
	}
	return finding(id(SectionDatacenters, "runtime-options"), StatusNotReady, "user cluster "+cluster.Name+" on Seed "+d.Seed.Name,
		"spec.containerRuntimeOpts of the Cluster hides the mirrors of datacenter "+d.Name+", and has none for "+strings.Join(without, ", "),
		"the owner of the Cluster must set spec.containerRuntimeOpts.containerdRegistryMirrors like the datacenter, or remove spec.containerRuntimeOpts"), len(without) > 0
}

// NoSettings is the finding for a mirror that this KKP version cannot use for nodes.
func NoSettings(err error) Finding {
	return finding(id(SectionDatacenters, "mirror-path"), StatusNotReady, "the mirror for nodes", err.Error(), "use a mirror without a path, or upgrade KKP")
}

// PathNotes are findings for what this KKP version does wrong with a mirror for nodes.
func PathNotes(notes []string) []Finding {
	var findings []Finding
	for _, note := range notes {
		findings = append(findings, finding(id(SectionDatacenters, "mirror-path"), StatusWarning, "the mirror for nodes", note, "upgrade KKP"))
	}
	return findings
}

// UnknownDatacenters are the findings for what could not be read of datacenters: Seeds, their user
// clusters, or the settings themselves.
func UnknownDatacenters(unread []kkp.Unread) []Finding {
	var findings []Finding
	for _, g := range unreadParts(unread, kkp.PartSeeds, kkp.PartClusters, kkp.PartProfiles) {
		findings = append(findings, finding(id(SectionDatacenters, "unknown"), StatusUnknown, named(g.subjects), g.cause, unreadRemedy))
	}
	return findings
}

// UnknownRegistries are the findings for datacenters whose nodes may need a mirror for more registries,
// because the list of images has gaps.
func UnknownRegistries(datacenters []string, gaps []images.Gap) []Finding {
	if len(datacenters) == 0 {
		return nil
	}
	var findings []Finding
	for _, causes := range images.Causes(gaps) {
		findings = append(findings, finding(id(SectionDatacenters, "unknown"), StatusUnknown, "datacenters "+named(datacenters),
			"nodes may pull from more registries, because the list of images has a gap: "+cause(causes), "remove the cause of the gap (section mirror), and check again"))
	}
	return findings
}
