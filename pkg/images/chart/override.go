package chart

import (
	"fmt"
	"maps"
	"path"
	"slices"
	"strings"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images"
)

// Override is a value of the user that changes the repository of an image.
type Override struct {
	Path    string // "cert-manager.image.repository"
	Value   string // value of the user
	Default string // value of the chart, "" without one
}

// String returns the override as one line.
func (o Override) String() string { return fmt.Sprintf("%s (%s)", o.Path, o.Value) }

// withoutOverrides returns the user's values without overrides, and the removed overrides.
// defaults are the values of the chart with its subcharts.
func withoutOverrides(values, defaults map[string]any) (map[string]any, []Override) {
	s := &overrideRemover{}
	kept := s.table(values, defaults, nil)
	return kept, s.removed
}

type overrideRemover struct {
	removed []Override
}

// table takes the overrides out of a map, and out of the maps in it.
func (s *overrideRemover) table(values, defaults map[string]any, at []string) map[string]any {
	kept := map[string]any{}
	for _, key := range slices.Sorted(maps.Keys(values)) {
		value, standard, here := values[key], defaults[key], append(slices.Clone(at), key)
		l := location{key: key, at: at, values: values, defaults: defaults}
		if replaced, text, ok := l.override(value, standard); ok {
			s.removed = append(s.removed, Override{Path: strings.Join(here, "."), Value: text, Default: brief(standard)})
			if replaced != nil {
				kept[key] = replaced
			}
			continue
		}
		if l.goesWithBuild() {
			s.removed = append(s.removed, Override{Path: strings.Join(here, "."), Value: fmt.Sprint(value), Default: brief(standard)})
			continue
		}
		kept[key] = s.value(value, standard, here)
	}
	return kept
}

// value takes the overrides out of the value of a key.
func (s *overrideRemover) value(value, standard any, at []string) any {
	switch value := value.(type) {
	case map[string]any:
		inner, _ := standard.(map[string]any)
		return s.table(value, inner, at)
	case []any:
		inner, _ := standard.([]any)
		return s.list(value, inner, at)
	}
	return value
}

// list takes the overrides out of the elements of a list whose names are also in the chart's
// list. Helm replaces whole lists, so the defaults of an element are written into it.
func (s *overrideRemover) list(values, defaults []any, at []string) []any {
	kept := slices.Clone(values)
	for i, value := range values {
		table, ok := value.(map[string]any)
		standard := named(defaults, table["name"])
		if !ok || standard == nil {
			continue
		}
		element := s.table(table, standard, append(slices.Clone(at), fmt.Sprint(i)))
		for key := range table {
			if _, ok := element[key]; !ok && standard[key] != nil {
				element[key] = standard[key]
			}
		}
		kept[i] = element
	}
	return kept
}

// named returns the element of a list with this name.
func named(list []any, name any) map[string]any {
	for _, element := range list {
		if table, ok := element.(map[string]any); ok && name != nil && table["name"] == name {
			return table
		}
	}
	return nil
}

// location is a key that can hold a registry or repository, with the maps around it.
type location struct {
	key              string
	at               []string
	values, defaults map[string]any
}

// override reports whether a value overrides a location. For a copy of the same image, replaced
// is the repository of the chart with the tag of the user.
func (l location) override(value, standard any) (replaced any, text string, ok bool) {
	if isRegistryKey(l.key) && l.inImage() {
		text, _ = value.(string)
		original, _ := standard.(string)
		return nil, text, text != "" && text != original && !strings.ContainsAny(text, " {")
	}
	_, table := value.(map[string]any)
	if _, both := standard.(map[string]any); table && both {
		return nil, "", false // the keys are checked one by one
	}
	if !isImageKey(l.key) || (strings.EqualFold(l.key, "repository") && !l.inImage()) {
		return nil, "", false
	}
	mine, text := nameOf(value)
	theirs, original := nameOf(standard)
	if mine == "" || theirs == "" || mine == theirs {
		return nil, text, false
	}
	if version := versionOf(text); version != "" && versionOf(original) != "" && path.Base(mine) == path.Base(theirs) {
		return strings.TrimSuffix(original, versionOf(original)) + version, text, true
	}
	return nil, text, true
}

// inImage reports whether the maps around a key describe an image.
func (l location) inImage() bool {
	if strings.EqualFold(l.key, "imageRegistry") {
		return true
	}
	if n := len(l.at); n > 0 && (strings.Contains(strings.ToLower(l.at[n-1]), "image") || l.at[n-1] == "global") {
		return true
	}
	for key := range l.defaults {
		if isVersionKey(key) || strings.EqualFold(key, "pullPolicy") || (key != l.key && key == "image") {
			return true
		}
	}
	return false
}

// goesWithBuild reports whether a key holds the version of the user's own build: an image whose
// repository has another name than the repository of the chart. The version of a copy with the
// same name is also a version of the original, and stays.
func (l location) goesWithBuild() bool {
	if !isVersionKey(l.key) {
		return false
	}
	for key, value := range l.values {
		mine, _ := nameOf(value)
		theirs, _ := nameOf(l.defaults[key])
		if isImageKey(key) && mine != "" && theirs != "" && path.Base(mine) != path.Base(theirs) {
			return true
		}
	}
	return false
}

// nameOf returns the repository of a value, which is a string or a map, and the value as text;
// "" without a repository.
func nameOf(value any) (name, text string) {
	switch value := value.(type) {
	case string:
		text = value
	case map[string]any:
		text = tableText(value)
	}
	if text == "" || strings.ContainsAny(text, "{ ") {
		return "", text
	}
	ref, err := images.ParseRef(text)
	if err != nil {
		return "", text
	}
	return ref.Name(), text
}

// tableText returns the reference in a map such as {registry, repository, tag}.
func tableText(table map[string]any) string {
	registry, _ := table["registry"].(string)
	for _, key := range []string{"repository", "image"} {
		if repository, _ := table[key].(string); repository != "" {
			return path.Join(registry, repository)
		}
	}
	return ""
}

// versionOf returns tag and digest of a reference as written, with separators.
func versionOf(text string) string {
	if i := strings.Index(text, "@"); i >= 0 {
		return versionOf(text[:i]) + text[i:]
	}
	if i := strings.LastIndex(text, ":"); i > strings.LastIndex(text, "/") {
		return text[i:]
	}
	return ""
}

// isRegistryKey reports whether a key holds a registry: registry, imageRegistry.
func isRegistryKey(key string) bool {
	key = strings.ToLower(key)
	return key == "registry" || key == "imageregistry"
}

// isImageKey reports whether a key can hold a repository or a whole reference: repository,
// image, configReloaderImage, imageK8S; not imagePullPolicy, imageTag.
func isImageKey(key string) bool {
	lower := strings.ToLower(key)
	for _, other := range []string{"pull", "secret", "policy", "tag", "digest", "registry", "version"} {
		if strings.Contains(lower, other) {
			return false
		}
	}
	return strings.HasSuffix(lower, "repository") || strings.HasSuffix(lower, "image") || strings.HasPrefix(lower, "image")
}

// isVersionKey reports whether a key selects a version in a repository.
func isVersionKey(key string) bool {
	switch strings.ToLower(key) {
	case "tag", "digest", "sha", "sha256", "imagetag", "imagedigest":
		return true
	}
	return false
}

// brief returns a default value as text.
func brief(standard any) string {
	_, text := nameOf(standard)
	return text
}
