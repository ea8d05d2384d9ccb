package chart

import (
	"maps"
	"path"
	"slices"
	"strings"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/manifest"
)

// origins maps repositories in the values of a release back to the repositories of the chart. It
// needs only the values, and therefore also works for a chart without its subcharts: Helm stores
// the default values of subcharts, but not the subcharts.
type origins struct {
	byName  map[string]string // overriding repository → repository of the chart; "" if several match
	mirrors map[string]bool   // registries that only overrides name
}

// findOrigins compares the repositories with and without the user's values.
func findOrigins(values, defaults map[string]any, removed []Override) origins {
	global := globalRegistry(values)
	mine, theirs := locations(Merge(defaults, values), ""), locations(defaults, "")
	o := origins{byName: map[string]string{}, mirrors: map[string]bool{}}
	for _, at := range slices.Sorted(maps.Keys(theirs)) {
		o.add(mine[at], theirs[at])
		if ref, err := images.ParseRef(theirs[at]); err == nil && global != "" {
			o.add(path.Join(global, ref.Repository), theirs[at])
		}
	}
	for _, override := range removed {
		if registry := registryIn(override); registry != "" {
			o.mirrors[registry] = true
		}
	}
	for _, name := range theirs {
		delete(o.mirrors, registryOf(name))
	}
	return o
}

func (o origins) add(mine, theirs string) {
	mine, theirs = repositoryName(mine), repositoryName(theirs)
	if mine == "" || theirs == "" || mine == theirs {
		return
	}
	if known, ok := o.byName[mine]; ok && known != theirs {
		theirs = ""
	}
	o.byName[mine] = theirs
}

// original returns the reference of the chart. ok is false if the reference is on a registry of
// the overrides, but no override explains the reference.
func (o origins) original(reference string) (original string, ok bool) {
	ref, err := images.ParseRef(reference)
	if err != nil {
		return reference, true
	}
	name, known := o.byName[ref.Name()]
	if known && name != "" && path.Base(name) == path.Base(ref.Name()) {
		return name + versionOf(reference), true
	}
	return reference, !known && !o.mirrors[ref.Registry]
}

// apply maps hits back to upstream names. unexplained are the hits without a known one.
func (o origins) apply(hits []manifest.Hit) (kept, unexplained []manifest.Hit) {
	for _, hit := range hits {
		original, ok := o.original(hit.Reference)
		if !ok {
			unexplained = append(unexplained, hit)
			continue
		}
		hit.Reference = original
		kept = append(kept, hit)
	}
	return kept, unexplained
}

// locations returns the repositories in values, by path.
func locations(values map[string]any, at string) map[string]string {
	found := map[string]string{}
	if text := tableText(values); text != "" {
		found[at] = text
	}
	for key, value := range values {
		here := at + "." + key
		switch value := value.(type) {
		case map[string]any:
			maps.Copy(found, locations(value, here))
		case string:
			if isImageKey(key) && found[at] == "" && repositoryName(value) != "" {
				found[here] = value
			}
		}
	}
	return found
}

// globalRegistry returns the registry that the values set for all images of a chart.
func globalRegistry(values map[string]any) string {
	global, _ := values["global"].(map[string]any)
	registry, _ := global["imageRegistry"].(string)
	return registry
}

// registryIn returns the registry of an override, "" without one.
func registryIn(o Override) string {
	key := o.Path[strings.LastIndex(o.Path, ".")+1:]
	if isVersionKey(key) {
		return ""
	}
	if isRegistryKey(key) {
		host, _, _ := strings.Cut(o.Value, "/")
		return host
	}
	return registryOf(o.Value)
}

func registryOf(name string) string {
	ref, err := images.ParseRef(name)
	if err != nil {
		return ""
	}
	return ref.Registry
}

// repositoryName returns the normalised repository, "" if the text is not a reference.
func repositoryName(text string) string {
	if text == "" || strings.ContainsAny(text, "{ ") {
		return ""
	}
	ref, err := images.ParseRef(text)
	if err != nil {
		return ""
	}
	return ref.Name()
}

// Merge merges values into other values, as Helm does: maps are merged, all other values are
// replaced.
func Merge(base, over map[string]any) map[string]any {
	merged := maps.Clone(base)
	if merged == nil {
		merged = map[string]any{}
	}
	for key, value := range over {
		inner, isTable := value.(map[string]any)
		below, wasTable := merged[key].(map[string]any)
		if isTable && wasTable {
			value = Merge(below, inner)
		}
		merged[key] = value
	}
	return merged
}
