package apply

import (
	"fmt"
	"slices"
	"strings"
	"unicode"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// Path leads to a field of an object: the keys of the maps on the way, which may contain
// dots.
type Path []string

// ParsePath reads a path without such keys: "spec.ui.dockerRepository".
func ParsePath(text string) Path { return strings.Split(text, ".") }

// String is the path as kubectl explain takes it; keys that are no names are quoted:
// spec.datacenters["eu.1"].node.httpProxy.
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

// Within tells whether the path is another one or leads through it.
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

// lookup returns the value of a field, and how many of the keys that lead to it are there.
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

// set sets a field. It fails where something on the way is not a map.
func (p Path) set(object map[string]any, value any) error {
	return unstructured.SetNestedField(object, deepCopy(value), p...)
}

// remove removes a field, and the maps on the way to it that are of no use then, but for
// the first keep keys.
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
