package apply

import (
	"fmt"
	"maps"
	"slices"

	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/openapi"
	"k8s.io/client-go/openapi3"
)

// Schema is what an API server says about the fields of a kind. The API server drops
// fields that a kind has not, without a word.
type Schema struct {
	root map[string]any
}

// SchemaOf is a schema as OpenAPI writes it.
func SchemaOf(root map[string]any) Schema { return Schema{root: root} }

// ReadSchema asks an API server for the schema of a kind, as it is published for everyone
// who may use the API.
func ReadSchema(client openapi.Client, kind schema.GroupVersionKind) (Schema, error) {
	spec, err := openapi3.NewRoot(client).GVSpecAsMap(kind.GroupVersion())
	if err != nil {
		return Schema{}, fmt.Errorf("reading the schema of %s from /openapi/v3: %w", kind.GroupKind(), err)
	}
	schemas, _ := Path{"components", "schemas"}.Lookup(spec).(map[string]any)
	for _, candidate := range schemas {
		root, _ := candidate.(map[string]any)
		if describes(root, kind) {
			return SchemaOf(root), nil
		}
	}
	return Schema{}, fmt.Errorf("the API server has no schema of %s in /openapi/v3", kind)
}

// describes tells whether a schema is that of a kind.
func describes(root map[string]any, kind schema.GroupVersionKind) bool {
	kinds, _ := root["x-kubernetes-group-version-kind"].([]any)
	return slices.ContainsFunc(kinds, func(entry any) bool {
		gvk, _ := entry.(map[string]any)
		return gvk["group"] == kind.Group && gvk["version"] == kind.Version && gvk["kind"] == kind.Kind
	})
}

// Has tells whether the kind has a field. Every kind has metadata.
func (s Schema) Has(path Path) bool {
	if path.Within(Path{"metadata"}) {
		return true
	}
	_, ok := s.at(path)
	return ok
}

// atomic tells whether a map has one owner for all that is in it.
func (s Schema) atomic(path Path) bool {
	at, _ := s.at(path)
	return at["x-kubernetes-map-type"] == "atomic"
}

// at is the schema of a field, empty where a kind takes any.
func (s Schema) at(path Path) (map[string]any, bool) {
	at := s.root
	for _, key := range path {
		if at["x-kubernetes-preserve-unknown-fields"] == true {
			return nil, true
		}
		properties, _ := at["properties"].(map[string]any)
		next, ok := properties[key].(map[string]any)
		if !ok {
			next, ok = at["additionalProperties"].(map[string]any)
		}
		if !ok {
			return nil, false
		}
		at = next
	}
	return at, true
}

// Strings are the paths of the text fields of the kind that lead through no list and no
// map with free keys, ordered.
func (s Schema) Strings() []Path {
	var paths []Path
	var walk func(at map[string]any, path Path)
	walk = func(at map[string]any, path Path) {
		if at["type"] == "string" {
			paths = append(paths, slices.Clone(path))
		}
		properties, _ := at["properties"].(map[string]any)
		for _, key := range slices.Sorted(maps.Keys(properties)) {
			if next, ok := properties[key].(map[string]any); ok {
				walk(next, append(path, key))
			}
		}
	}
	walk(s.root, nil)
	return paths
}
