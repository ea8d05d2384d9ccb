package patch

import (
	"slices"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/kkp"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/patch/apply"
)

// NoProxyAuto is the entry of NodeSettings.NoProxy that stands for the list of NoProxy.
const NoProxyAuto = "auto"

// NodeOptions say which settings the nodes of datacenters are to get.
type NodeOptions struct {
	Settings NodeSettings     // the given ones
	Mirror   Mirror           // for every registry that nodes pull from; none without a registry
	Needed   images.Inventory // the images that the mirror has
	Version  string           // of KKP, "v2.31.0"
}

// NodePlan are the settings for the nodes of an installation. Each datacenter gets its own.
type NodePlan struct {
	Notes []string // restrictions of this KKP version

	inst     kkp.Installation
	settings NodeSettings
	mirror   Mirror
	needed   images.Inventory
}

// Nodes adds to the given settings those that let nodes pull from the mirror. It fails if this
// KKP version cannot use the mirror.
func Nodes(inst kkp.Installation, opts NodeOptions) (NodePlan, error) {
	plan := NodePlan{inst: inst, settings: opts.Settings, mirror: opts.Mirror, needed: opts.Needed}
	if opts.Mirror.Registry == "" {
		return plan, nil
	}
	derived, notes, err := Containerd(opts.Mirror, Hosts(opts.Needed), opts.Version)
	if err != nil {
		return plan, err
	}
	plan.Notes = notes
	plan.settings.ContainerdMirrors = map[string][]string{}
	for _, mirrors := range []map[string][]string{opts.Settings.ContainerdMirrors, derived.ContainerdMirrors} {
		for host, urls := range mirrors {
			plan.settings.ContainerdMirrors[host] = slices.Concat(plan.settings.ContainerdMirrors[host], urls)
		}
	}
	plan.settings.InsecureRegistries = slices.Concat(opts.Settings.InsecureRegistries, derived.InsecureRegistries)
	return plan, nil
}

// Settings are those of one datacenter. With the provider KubeVirt, the operator of the CSI
// driver gets the mirror, too.
func (p NodePlan) Settings(dc SeedDatacenter) NodeSettings {
	settings := p.settings
	if i := slices.Index(settings.NoProxy, NoProxyAuto); i >= 0 {
		settings.NoProxy = slices.Concat(settings.NoProxy[:i], p.noProxy(dc), settings.NoProxy[i+1:])
	}
	if p.mirror.Registry == "" {
		return settings
	}
	if dc.Provider == "kubevirt" {
		settings.CSIRegistry = p.mirror.String()
	}
	if source, ok := PauseImage(p.mirror, p.needed, dc.PauseImage); ok && settings.PauseImage == "" {
		settings.PauseImage = p.mirror.Ref(source).String()
	}
	return settings
}

// Edits are the fields of one datacenter in its Seed.
func (p NodePlan) Edits(seed *unstructured.Unstructured, dc SeedDatacenter) []apply.Edit {
	return Datacenter(seed, dc.Name, p.Settings(dc))
}

// noProxy is the list that NoProxyAuto stands for.
func (p NodePlan) noProxy(dc SeedDatacenter) []string {
	return NoProxy(p.inst, dc.Clusters, slices.Concat(p.registries(), p.settings.InsecureRegistries)...)
}

// LackingNoProxy returns what to set as noProxy in a datacenter that gets a proxy and has no
// noProxy: its nodes would reach their own cluster through the proxy. It is nil for others.
func (p NodePlan) LackingNoProxy(seed *unstructured.Unstructured, dc SeedDatacenter) []string {
	if p.settings.HTTPProxy == "" || len(p.settings.NoProxy) > 0 || append(DatacenterPath(dc.Name), "node", "noProxy").Lookup(seed.Object) != nil {
		return nil
	}
	return p.noProxy(dc)
}

// Precedence names the settings of a user cluster that its nodes use instead of those of
// their datacenter.
func (s NodeSettings) Precedence(cluster kkp.Cluster) []string {
	var notes []string
	if cluster.RuntimeOptions {
		notes = append(notes, "its own spec.containerRuntimeOpts: its nodes do not use the containerd mirrors of the datacenter")
	}
	if cluster.Proxy && (s.HTTPProxy != "" || len(s.NoProxy) > 0) {
		notes = append(notes, "its own proxy in spec.componentsOverride.operatingSystemManager: its nodes do not use the proxy of the datacenter")
	}
	return notes
}
