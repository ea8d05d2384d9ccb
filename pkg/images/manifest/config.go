package manifest

import (
	"maps"
	"slices"
	"strings"
)

// configuration looks into the data of a ConfigMap: values that are references, and those
// that are YAML or JSON documents.
func (w *walker) configuration(data any, field string) {
	values, _ := data.(map[string]any)
	for _, key := range slices.Sorted(maps.Keys(values)) {
		text, _ := values[key].(string)
		at := []string{"." + field, keySegment(key)}
		if !isDocument(text) {
			if isCertain(text) {
				w.hit(text, at...)
			}
			continue
		}
		w.path = append(w.path, at...)
		w.document(text)
		w.path = w.path[:len(w.path)-len(at)]
	}
}

// isDocument reports whether it is worth to read a text as YAML: it has fields, and one of
// them can hold a reference.
func isDocument(text string) bool {
	if !strings.Contains(text, "\n") && !strings.HasPrefix(strings.TrimSpace(text), "{") {
		return false
	}
	lower := strings.ToLower(text)
	return strings.Contains(lower, "image") || strings.Contains(lower, "repository") || strings.Contains(lower, "docker://")
}

// document looks into a text that may be configuration. What is not YAML is none.
func (w *walker) document(text string) {
	values, err := decode([]byte(text))
	if err != nil {
		return
	}
	for _, value := range values {
		w.value("", value.content)
	}
}
