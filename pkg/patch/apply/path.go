package apply

import (
	"fmt"
	"slices"
	"strings"
	"unicode"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// Path is the path of a field in an object: the keys of the nested maps. Keys can contain dots.
type Path []string

// ParsePath parses a path whose keys contain no dots: "spec.ui.dockerRepository".
func ParsePath(text string) Path { return strings.Split(text, ".") }

// String returns the path as kubectl explain takes it. Keys with other characters than letters,
// digits, - and _ are quoted: spec.datacenters["eu.1"].node.httpProxy.
func (p Path) String() string {
	var text strings.Builder
	for i, key := range p {
		switch {
		case strings.ContainsFunc(key, func(r rune) bool { return r != '-' && r != '_' && !unicode.IsLetter(r) && !unicode.IsDigit(r) }):
			fmt.Fprintf(&text, "[%q]", key)
		case i == 0:
			text.WriteString(key)
		default:
			text.WriteString("." + key)
		}
	}
	return text.String()
}

// Within reports whether the path is equal to another path or below it.
func (p Path) Within(other Path) bool {
	return len(p) >= len(other) && slices.Equal(p[:len(other)], other)
}

// Lookup returns the value of a field, nil if it is not set.
func (p Path) Lookup(object map[string]any) any {
	value, present := p.lookup(object)
	if present < len(p) {
		return nil
	}
	return value
}

// lookup returns the value of a field, and how many keys of its path exist.
func (p Path) lookup(object map[string]any) (value any, present int) {
	value = object
	for i, key := range p {
		table, ok := value.(map[string]any)
		if !ok {
			return nil, i
		}
		if value, ok = table[key]; !ok {
			return nil, i
		}
	}
	return value, len(p)
}

// set sets a field. It fails if a value on the path is not a map.
func (p Path) set(object map[string]any, value any) error {
	return unstructured.SetNestedField(object, deepCopy(value), p...)
}

// remove removes a field, and then the maps on its path that are empty or useless. The maps of
// the first keep keys stay.
func (p Path) remove(object map[string]any, keep int, useless func(Path, map[string]any) bool) {
	unstructured.RemoveNestedField(object, p...)
	for end := len(p) - 1; end > keep; end-- {
		table, ok := p[:end].Lookup(object).(map[string]any)
		if !ok || len(table) > 0 && !useless(p[:end], table) {
			return
		}
		unstructured.RemoveNestedField(object, p[:end]...)
	}
}

// deepCopy copies a JSON value.
func deepCopy(value any) any {
	return (&unstructured.Unstructured{Object: map[string]any{"value": value}}).DeepCopy().Object["value"]
}
