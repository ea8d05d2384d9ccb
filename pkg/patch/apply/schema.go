package apply

import (
	"fmt"
	"maps"
	"slices"

	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/openapi"
	"k8s.io/client-go/openapi3"
)

// Schema is the OpenAPI schema of a kind. The API server drops fields that are not in the schema
// silently.
type Schema struct {
	root map[string]any
}

// SchemaOf returns the schema for an OpenAPI document.
func SchemaOf(root map[string]any) Schema { return Schema{root: root} }

// ReadSchema reads the schema of a kind from /openapi/v3 of the API server.
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

// describes reports whether a schema is the schema of a kind.
func describes(root map[string]any, kind schema.GroupVersionKind) bool {
	kinds, _ := root["x-kubernetes-group-version-kind"].([]any)
	return slices.ContainsFunc(kinds, func(entry any) bool {
		gvk, _ := entry.(map[string]any)
		return gvk["group"] == kind.Group && gvk["version"] == kind.Version && gvk["kind"] == kind.Kind
	})
}

// Has reports whether the kind has a field. Every kind has metadata.
func (s Schema) Has(path Path) bool {
	if path.Within(Path{"metadata"}) {
		return true
	}
	_, ok := s.at(path)
	return ok
}

// atomic reports whether a map has one manager for all its fields.
func (s Schema) atomic(path Path) bool {
	at, _ := s.at(path)
	return at["x-kubernetes-map-type"] == "atomic"
}

// at returns the schema of a field. The schema is empty where the kind allows any field.
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

// Strings returns the sorted paths of the string fields of the kind, without those in lists and
// in maps with arbitrary keys.
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
