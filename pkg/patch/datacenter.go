package patch

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/patch/apply"
)

// NodeSettings are what the nodes of a datacenter are to be told. What is empty is left as
// it is; lists are added to what is there, unless Replace.
type NodeSettings struct {
	HTTPProxy          string
	NoProxy            []string
	InsecureRegistries []string            // host[:port], whose certificates are not verified
	RegistryMirrors    []string            // of docker.io, or HOST=URL
	ContainerdMirrors  map[string][]string // URLs by the host of the registry that they stand in for
	PauseImage         string
	CSIRegistry        string // for the images that the KubeVirt CSI driver operator runs
	Replace            bool
}

// DatacenterPath is where a Seed has a datacenter.
func DatacenterPath(datacenter string) apply.Path {
	return apply.Path{"spec", "datacenters", datacenter}
}

// Datacenter works out the fields of a datacenter of a Seed. New mirrors go before those
// that are there: containerd tries them in this order.
func Datacenter(seed *unstructured.Unstructured, datacenter string, settings NodeSettings) []apply.Edit {
	d := datacenterEditor{seed: seed, settings: settings, at: append(DatacenterPath(datacenter), "node")}
	d.text("httpProxy", settings.HTTPProxy)
	if len(settings.NoProxy) > 0 {
		live, _ := d.path("noProxy").Lookup(seed.Object).(string)
		d.set(d.path("noProxy"), strings.Join(d.merge(splitList(live), settings.NoProxy), ","))
	}
	d.list(settings.InsecureRegistries, false, "insecureRegistries")
	d.list(settings.RegistryMirrors, true, "registryMirrors")
	for _, host := range slices.Sorted(maps.Keys(settings.ContainerdMirrors)) {
		d.list(settings.ContainerdMirrors[host], true, "containerdRegistryMirrors", "registries", host, "mirrors")
	}
	d.text("pauseImage", settings.PauseImage)
	if settings.CSIRegistry != "" {
		d.set(append(DatacenterPath(datacenter), "spec", "kubevirt", "csiDriverOperator", "overwriteRegistry"), settings.CSIRegistry)
	}
	return d.edits
}

// datacenterEditor collects the edits of one datacenter.
type datacenterEditor struct {
	seed     *unstructured.Unstructured
	settings NodeSettings
	at       apply.Path
	edits    []apply.Edit
}

func (d *datacenterEditor) path(keys ...string) apply.Path {
	return append(slices.Clone(d.at), keys...)
}

func (d *datacenterEditor) set(path apply.Path, value any) {
	d.edits = append(d.edits, apply.Edit{Path: path, Value: value})
}

func (d *datacenterEditor) text(key, value string) {
	if value != "" {
		d.set(d.path(key), value)
	}
}

// list adds to a list, at its beginning if it is tried in order.
func (d *datacenterEditor) list(values []string, first bool, keys ...string) {
	if len(values) == 0 {
		return
	}
	live, _, _ := unstructured.NestedStringSlice(d.seed.Object, d.path(keys...)...) // what is no such list is replaced
	merged := d.merge(live, values)
	if first {
		merged = d.merge(values, live)
		if d.settings.Replace {
			merged = values
		}
	}
	list := make([]any, len(merged))
	for i, value := range merged {
		list[i] = value
	}
	d.set(d.path(keys...), list)
}

// merge adds to a list what it has not.
func (d *datacenterEditor) merge(list, more []string) []string {
	var merged []string
	if d.settings.Replace {
		list = nil
	}
	for _, value := range slices.Concat(list, more) {
		if !slices.Contains(merged, value) {
			merged = append(merged, value)
		}
	}
	return merged
}

func splitList(text string) []string {
	return strings.FieldsFunc(text, func(r rune) bool { return r == ',' || r == ' ' })
}

// DatacenterNotes are what is to be known about datacenter settings that are in an object
// already: names that KKP does not read any more.
func DatacenterNotes(seed *unstructured.Unstructured, datacenter string) []string {
	node, _ := append(DatacenterPath(datacenter), "node").Lookup(seed.Object).(map[string]any)
	var notes []string
	for _, key := range slices.Sorted(maps.Keys(node)) {
		if current, ok := CurrentName(key); ok {
			notes = append(notes, fmt.Sprintf("node.%s has no effect: the setting is %s", key, current))
		}
	}
	return notes
}
