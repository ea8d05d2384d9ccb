package chart

import (
	"fmt"
	"maps"
	"path"
	"slices"
	"strings"
)

// changedText is a text in the user's values that differs from the default of the chart.
type changedText struct {
	at       []any // keys and, in lists, indexes
	text     string
	standard string // "" without a default text
	named    bool   // the text is a part of a repository in byName of origins
}

// changedTexts returns the texts in the user's values that differ from the defaults. An element of
// a list is compared with the default element of the same name, or else of the same index.
func changedTexts(value, standard any, at []any) []changedText {
	var found []changedText
	switch value := value.(type) {
	case map[string]any:
		defaults, _ := standard.(map[string]any)
		for _, key := range slices.Sorted(maps.Keys(value)) {
			found = append(found, changedTexts(value[key], defaults[key], append(slices.Clone(at), key))...)
		}
	case []any:
		defaults, _ := standard.([]any)
		for i, element := range value {
			found = append(found, changedTexts(element, counterpart(element, defaults, i), append(slices.Clone(at), i))...)
		}
	case string:
		if text, _ := standard.(string); value != text && value != "" {
			found = append(found, changedText{at: at, text: value, standard: text})
		}
	}
	return found
}

// counterpart returns the default of an element of a list, nil without one.
func counterpart(element any, defaults []any, index int) any {
	if table, ok := element.(map[string]any); ok {
		if standard := named(defaults, table["name"]); standard != nil {
			return standard
		}
	}
	if index < len(defaults) {
		return defaults[index]
	}
	return nil
}

// path returns the path of the text, as in an Override.
func (t changedText) path() string { return joined(t.at) }

// parent returns the path of the map of the text.
func (t changedText) parent() string { return joined(t.at[:len(t.at)-1]) }

func joined(at []any) string {
	var steps []string
	for _, step := range at {
		steps = append(steps, fmt.Sprint(step))
	}
	return strings.Join(steps, ".")
}

// begins reports whether a reference begins with the text, up to the end of the registry or of a
// path element. A reference without a registry begins with no text.
func (t changedText) begins(reference string) bool {
	rest, ok := strings.CutPrefix(reference, t.text)
	if !ok || rest != "" && !strings.ContainsAny(rest[:1], "/:@") && !strings.HasSuffix(t.text, "/") {
		return false
	}
	registry := writtenRegistry(reference)
	return registry != "" && len(t.text) >= len(registry)
}

// original returns the upstream name of a reference that begins with the text, if the default of the
// text is a registry or a reference; "" otherwise.
func (t changedText) original(reference string) string {
	standard, rest := t.standard, strings.TrimPrefix(reference, t.text)
	if standard == "" || t.named || strings.Contains(standard, "{{") {
		return ""
	}
	if strings.Contains(rest, "/") || strings.HasSuffix(t.text, "/") {
		standard += rest
	}
	original, _ := copiedFrom(reference, standard)
	return original
}

// leads reports whether the registry of a reference comes from the text: the reference begins with
// the text, or the text contains the reference.
func (t changedText) leads(reference string) bool {
	return t.begins(reference) || strings.Contains(t.text, reference) && writtenRegistry(reference) != ""
}

// isPathOf reports whether the text is a part of the path of a reference, with another path or
// registry than its default: "kkp/a/b" or "a/b" in place of "quay.io/a/b".
func (t changedText) isPathOf(reference string) bool {
	return t.standard != "" && path.Base(t.text) == path.Base(t.standard) && strings.Contains(reference, "/"+t.text)
}

// writtenRegistry returns the registry of a reference, "" if the reference does not name it.
func writtenRegistry(reference string) string {
	first, _, _ := strings.Cut(reference, "/")
	if first == registryOf(reference) {
		return first
	}
	return ""
}

// withDefaults returns the user's values with the defaults in place of texts. The values are not
// changed.
func withDefaults(values map[string]any, texts []changedText) map[string]any {
	var all any = values
	for _, t := range texts {
		all = withDefault(all, t.at, t.standard)
	}
	kept, _ := all.(map[string]any)
	return kept
}

// withDefault removes a text from maps. Helm replaces whole lists, so in a list the default is
// written in its place, and a text without a default stays.
func withDefault(value any, at []any, standard string) any {
	switch value := value.(type) {
	case map[string]any:
		key, _ := at[0].(string)
		kept := maps.Clone(value)
		switch {
		case len(at) > 1:
			kept[key] = withDefault(value[key], at[1:], standard)
		default:
			delete(kept, key)
		}
		return kept
	case []any:
		i, _ := at[0].(int)
		kept := slices.Clone(value)
		kept[i] = inList(value[i], at[1:], standard)
		return kept
	}
	return value
}

// inList writes the default of a text in an element of a list.
func inList(value any, at []any, standard string) any {
	if standard == "" {
		return value
	}
	if len(at) == 0 {
		return standard
	}
	switch step := at[0].(type) {
	case string:
		table, _ := value.(map[string]any)
		kept := maps.Clone(table)
		kept[step] = inList(table[step], at[1:], standard)
		return kept
	case int:
		list, _ := value.([]any)
		kept := slices.Clone(list)
		kept[step] = inList(list[step], at[1:], standard)
		return kept
	}
	return value
}
