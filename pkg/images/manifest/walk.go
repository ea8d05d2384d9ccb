package manifest

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
)

// maxDepth bounds the nesting of objects. Kubernetes' schemas of schemas have less than a hundred
// levels.
const maxDepth = 256

// walker walks through one object.
type walker struct {
	object string
	path   []string // segments: "spec", ".template", "[0]"
	hits   []Hit
}

// hit records a reference in a key of the current map.
func (w *walker) hit(reference string, segments ...string) {
	path := strings.TrimPrefix(strings.Join(append(slices.Clone(w.path), segments...), ""), ".")
	w.hits = append(w.hits, Hit{Reference: reference, Object: w.object, Path: path})
}

// in calls inner with a segment added to the path.
func (w *walker) in(segment string, inner func()) {
	if len(w.path) >= maxDepth {
		return
	}
	w.path = append(w.path, segment)
	inner()
	w.path = w.path[:len(w.path)-1]
}

// value searches the value of a key.
func (w *walker) value(key string, value any) {
	switch v := value.(type) {
	case map[string]any:
		w.fields(v, key)
	case []any:
		w.list(key, v)
	}
}

// fields searches a map; parent is its key.
func (w *walker) fields(m map[string]any, parent string) {
	w.variable(m)
	for _, key := range slices.Sorted(maps.Keys(m)) {
		if text, ok := m[key].(string); ok {
			w.text(m, parent, key, text)
			continue
		}
		w.in(keySegment(key), func() { w.value(key, m[key]) })
	}
}

// text searches a string field.
func (w *walker) text(m map[string]any, parent, key, text string) {
	switch reference, remote := strings.CutPrefix(text, "docker://"); {
	case key == "image" && isContainerKey(parent):
		// An unrendered template is not a reference.
		if text != "" && !strings.Contains(text, "{{") {
			w.hit(text, keySegment(key))
		}
	case remote: // the disk of a virtual machine in KubeVirt
		if _, ok := parse(reference); ok {
			w.hit(reference, keySegment(key))
		}
	default:
		if reference, ok := inFields(m, parent, key, text); ok {
			w.hit(reference, keySegment(key))
		}
	}
}

// isContainerKey reports whether a map with this key is a container. Then its image is a reference,
// even if it is not valid.
func isContainerKey(key string) bool {
	switch key {
	case "containers", "initContainers", "ephemeralContainers", "containerDisk":
		return true
	}
	return false
}

// list searches a list. Its maps have the key of the list.
func (w *walker) list(key string, items []any) {
	for i, item := range items {
		segment := "[" + strconv.Itoa(i) + "]"
		text, ok := item.(string)
		if !ok {
			w.in(segment, func() { w.value(key, item) })
			continue
		}
		if named := isImageName(key); named && isLikely(text) {
			w.hit(text, segment)
		} else if !named {
			w.argument(key, items, i)
		}
	}
}

// keySegment returns a key as a segment of a path.
func keySegment(key string) string {
	plain := func(r rune) bool {
		return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || r == '_' || r == '-'
	}
	if key != "" && strings.IndexFunc(key, func(r rune) bool { return !plain(r) }) < 0 {
		return "." + key
	}
	return fmt.Sprintf("[%q]", key)
}
