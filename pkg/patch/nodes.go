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

// NodeOptions are the settings for nodes that were asked for.
type NodeOptions struct {
	Settings NodeSettings     // explicit settings
	Mirror   Mirror           // mirror of every registry that nodes pull from; an empty registry: none
	Needed   images.Inventory // images that the nodes need
	Version  string           // KKP version, "v2.31.0"
}

// NodePlan holds the settings for the nodes of an installation. Settings and Edits return those
// of one datacenter.
type NodePlan struct {
	Notes []string // limitations of this KKP version

	inst     kkp.Installation
	settings NodeSettings
	mirror   Mirror
	needed   images.Inventory
}

// Nodes adds the settings of the mirror to the explicit settings. It fails if this KKP version
// cannot use the mirror.
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

// Settings returns the settings of one datacenter. With the provider KubeVirt, the CSI driver
// also gets the registry.
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

// Edits returns the edits of one datacenter in its Seed.
func (p NodePlan) Edits(seed *unstructured.Unstructured, dc SeedDatacenter) []apply.Edit {
	return Datacenter(seed, dc.Name, p.Settings(dc))
}

// noProxy returns the list for NoProxyAuto.
func (p NodePlan) noProxy(dc SeedDatacenter) []string {
	return NoProxy(p.inst, dc.Clusters, slices.Concat(p.registries(), p.settings.InsecureRegistries)...)
}

// LackingNoProxy returns a list for noProxy if the datacenter gets a proxy and has no noProxy:
// its nodes would use the proxy for their own cluster. It returns nil for other datacenters.
func (p NodePlan) LackingNoProxy(seed *unstructured.Unstructured, dc SeedDatacenter) []string {
	if p.settings.HTTPProxy == "" || len(p.settings.NoProxy) > 0 || append(DatacenterPath(dc.Name), "node", "noProxy").Lookup(seed.Object) != nil {
		return nil
	}
	return p.noProxy(dc)
}

// Precedence returns the settings of a user cluster that override the settings of its
// datacenter.
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
