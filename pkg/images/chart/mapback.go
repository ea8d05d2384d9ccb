package chart

import (
	"maps"
	"path"
	"slices"
	"strings"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images"
)

// origins maps repositories in the values of a release back to the repositories of the chart. It
// needs only the values, and therefore also works for a chart without its subcharts: Helm stores
// the default values of subcharts, but not the subcharts.
type origins struct {
	byName  map[string]string // overriding repository → repository of the chart; "" if several match
	mirrors map[string]bool   // registries that only overrides name

	standard []string          // repositories in the default values
	recorded map[string]string // upstream repositories that the values record
	texts    []changedText     // texts with which references can begin
	changed  []changedText     // all texts that the user has changed
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
	o.standard = slices.Compact(slices.Sorted(maps.Values(theirs)))
	for _, override := range removed {
		if registry := registryIn(override); registry != "" && !o.upstream(registry) {
			o.mirrors[registry] = true
		}
	}
	for _, t := range changedTexts(values, defaults, nil) {
		t.named = repositoryName(theirs["."+t.parent()]) != ""
		o.changed = append(o.changed, t)
	}
	o.texts = o.changed
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
// the overrides, but neither an override nor the record explains the reference.
func (o origins) original(reference string) (original string, ok bool) {
	if original, ok = o.derived(reference); ok && original != reference {
		return original, true
	}
	if source := o.record(reference); source != "" {
		return source + versionOf(reference), true
	}
	return original, ok
}

// record returns the upstream repository that the values record for a reference. A record counts
// only for references that come from the user's values, and that are not on a registry of the default
// values: a forged record must not replace an image of the chart.
func (o origins) record(reference string) string {
	source := o.recorded[repositoryName(reference)]
	if source == "" || o.upstream(registryOf(reference)) || !slices.ContainsFunc(o.changed, func(t changedText) bool { return t.leads(reference) }) {
		return ""
	}
	return source
}

// derived is original without the record.
func (o origins) derived(reference string) (original string, ok bool) {
	ref, err := images.ParseRef(reference)
	if err != nil {
		return reference, true
	}
	name, known := o.byName[ref.Name()]
	original, lost := o.fromTexts(reference)
	switch {
	case known && original != "" && original != name+versionOf(reference):
		return reference, false
	case known && name != "" && path.Base(name) == path.Base(ref.Name()):
		return name + versionOf(reference), true
	case known:
		return reference, false
	case original != "":
		return original, true
	}
	if lost || o.mirrors[ref.Registry] {
		return o.fromDefaults(reference)
	}
	return reference, true
}

// fromDefaults returns the one repository in the default values of which the reference is a copy.
// A default without a registry does not count: the chart may put a registry in front of it.
func (o origins) fromDefaults(reference string) (original string, ok bool) {
	var originals []string
	for _, name := range o.standard {
		if original, ok := copiedFrom(reference, name); ok && writtenRegistry(name) != "" {
			originals = append(originals, original)
		}
	}
	slices.Sort(originals)
	if originals = slices.Compact(originals); len(originals) != 1 {
		return reference, false
	}
	return originals[0], true
}

// upstream reports whether the default values name a registry.
func (o origins) upstream(registry string) bool {
	return slices.ContainsFunc(o.standard, func(name string) bool { return registryOf(name) == registry })
}

// fromTexts returns the upstream name of a reference that begins with a text of the user: the
// default of the longest such text in its place. original is "" if there is no such text, or if
// several places with this text have different defaults. lost reports that only the registry comes
// from the text and the path does not, so that the reference has an upstream name.
func (o origins) fromTexts(reference string) (original string, lost bool) {
	longest := ""
	var originals []string
	for _, t := range o.texts {
		if !t.begins(reference) || len(t.text) < len(longest) {
			continue
		}
		if len(t.text) > len(longest) {
			longest, originals = t.text, nil
		}
		originals = append(originals, t.original(reference))
	}
	slices.Sort(originals)
	if originals = slices.Compact(originals); len(originals) == 1 && originals[0] != "" {
		return originals[0], false
	}
	rest := strings.Trim(strings.TrimPrefix(strings.TrimSuffix(reference, versionOf(reference)), longest), "/")
	return "", len(originals) > 0 && originals[0] == "" && rest != "" && !o.own(rest)
}

// restored returns the upstream name of a reference, if standard, the reference at the same place
// with the defaults of the chart, is the original of which it is a copy.
func (o origins) restored(reference, standard string) (original string, ok bool) {
	if writtenRegistry(standard) == "" && o.own(strings.TrimSuffix(standard, versionOf(standard))) {
		return "", false // an image of the user that has lost its registry
	}
	return copiedFrom(reference, standard)
}

// own reports whether a text of the user without a default contains a path.
func (o origins) own(path string) bool {
	return slices.ContainsFunc(o.texts, func(t changedText) bool { return t.standard == "" && strings.Contains(t.text, path) })
}

// copiedFrom returns the repository of standard with the version of reference, if a copy of
// standard has the name of the reference: another registry, and the same path, perhaps behind a
// prefix.
func copiedFrom(reference, standard string) (original string, ok bool) {
	mine, err := images.ParseRef(reference)
	theirs, failed := images.ParseRef(standard)
	if err != nil || failed != nil || mine.Registry == theirs.Registry || !strings.HasSuffix("/"+mine.Repository, "/"+theirs.Repository) {
		return "", false
	}
	return theirs.Name() + versionOf(reference), true
}

// addMirror adds the registry of a reference that is a copy.
func (o origins) addMirror(reference string) {
	if registry := registryOf(reference); !o.upstream(registry) {
		o.mirrors[registry] = true
	}
}

// addMirrors adds the registries of the references that texts explain.
func (o origins) addMirrors(references []string) {
	for _, reference := range references {
		if original, _ := o.fromTexts(reference); original != "" {
			o.addMirror(reference)
		}
	}
}

// names maps references back to upstream names, by their places. A reference without a known
// upstream name is missing.
func (o origins) names(references map[place]string) map[place]string {
	o.addMirrors(slices.Collect(maps.Values(references)))
	names := make(map[place]string, len(references))
	for p, reference := range references {
		if name, ok := o.original(reference); ok {
			names[p] = name
		}
	}
	return names
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
