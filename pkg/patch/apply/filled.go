package apply

import (
	"fmt"
	"reflect"
	"slices"
	"strings"

	yaml "go.yaml.in/yaml/v3"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// filled is a field that the API server has set by itself, such as a default of the schema, or a
// value that an admission webhook has written.
type filled struct {
	path Path
	what string // "set", "changed" or "removed"
}

// Texts is the function Texts for the object before the change, and an object that the API server
// has returned for the change. A comment marks the fields that the API server has set, changed or
// removed by itself.
func (c Change) Texts(returned *unstructured.Unstructured) (before, after string, err error) {
	before, after, err = Texts(c.Live, returned)
	if err != nil || returned == nil {
		return before, after, err
	}
	for _, f := range compareFilled(legible(c.After), legible(returned), nil) {
		if f.what == "removed" {
			before = mark(before, f)
		} else {
			after = mark(after, f)
		}
	}
	return before, after, nil
}

// compareFilled returns the fields in which an object differs from the computed one.
func compareFilled(computed, returned map[string]any, at Path) []filled {
	var all []filled
	for key, value := range returned {
		path := append(slices.Clone(at), key)
		wanted, ok := computed[key]
		inner, isMap := value.(map[string]any)
		wantedInner, wantedMap := wanted.(map[string]any)
		switch {
		case !ok:
			all = append(all, filled{path, "set"})
		case isMap && wantedMap:
			all = append(all, compareFilled(wantedInner, inner, path)...)
		case !reflect.DeepEqual(wanted, value):
			all = append(all, filled{path, "changed"})
		}
	}
	for key := range computed {
		if _, ok := returned[key]; !ok {
			all = append(all, filled{append(slices.Clone(at), key), "removed"})
		}
	}
	return all
}

// mark adds a comment to the line of a field in a text of an object. A field that the text does not
// have is ignored.
func mark(text string, f filled) string {
	var document yaml.Node
	if err := yaml.Unmarshal([]byte(text), &document); err != nil || len(document.Content) == 0 {
		return text // a text without comments is right, too
	}
	node, line := document.Content[0], 0
	for _, key := range f.path {
		if node, line = field(node, key); node == nil {
			return text
		}
	}
	lines := strings.Split(text, "\n")
	lines[line-1] += fmt.Sprintf(" # %s by the API server", f.what)
	return strings.Join(lines, "\n")
}

// field returns the value of a key in a mapping, and the line of the key; nil if there is none.
func field(node *yaml.Node, key string) (*yaml.Node, int) {
	if node.Kind != yaml.MappingNode {
		return nil, 0
	}
	for i := 0; i+1 < len(node.Content); i += 2 {
		if node.Content[i].Value == key {
			return node.Content[i+1], node.Content[i].Line
		}
	}
	return nil, 0
}
