package patch

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/patch/apply"
)

// NodeSettings are the settings for the nodes of a datacenter. Empty settings do not change
// the Seed. Values are added to existing lists; with Replace they overwrite the lists.
type NodeSettings struct {
	HTTPProxy          string
	NoProxy            []string
	InsecureRegistries []string            // host[:port]; certificates are not verified
	RegistryMirrors    []string            // of docker.io, or HOST=URL
	ContainerdMirrors  map[string][]string // mirror URLs by registry host
	PauseImage         string
	CSIRegistry        string // registry for the images of the KubeVirt CSI driver
	Replace            bool
}

// DatacenterPath returns the path of a datacenter in its Seed.
func DatacenterPath(datacenter string) apply.Path {
	return apply.Path{"spec", "datacenters", datacenter}
}

// Datacenter returns the edits of a datacenter of a Seed. New mirrors come before existing ones,
// because containerd tries mirrors in order.
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

// list adds values to a list: at the start if first is set, else at the end.
func (d *datacenterEditor) list(values []string, first bool, keys ...string) {
	if len(values) == 0 {
		return
	}
	live, _, _ := unstructured.NestedStringSlice(d.seed.Object, d.path(keys...)...) // a value of another type is replaced
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

// merge adds the values that a list does not have yet.
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

// DatacenterNotes returns a note for each setting of a datacenter whose name KKP does not read
// any more.
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
