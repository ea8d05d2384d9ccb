package manifest

import (
	"maps"
	"slices"
	"strings"
)

// configuration searches the data of a ConfigMap: values that are references, and values that are
// YAML or JSON documents.
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

// isDocument reports whether a text can be YAML with a reference: it has fields, and the name of one
// can mean an image.
func isDocument(text string) bool {
	if !strings.Contains(text, "\n") && !strings.HasPrefix(strings.TrimSpace(text), "{") {
		return false
	}
	lower := strings.ToLower(text)
	return strings.Contains(lower, "image") || strings.Contains(lower, "repository") || strings.Contains(lower, "docker://")
}

// document searches a text that can be a document. A text that is not YAML has no references.
func (w *walker) document(text string) {
	values, err := decode([]byte(text))
	if err != nil {
		return
	}
	for _, value := range values {
		w.value("", value.content)
	}
}
