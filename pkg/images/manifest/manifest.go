// Package manifest finds image references in Kubernetes objects of any kind: where pods
// name them, and where operators get them from: arguments, environment variables, fields
// of custom resources and configuration in ConfigMaps. It knows how references are
// written and where they stand, and neither charts, nor addons, nor releases.
package manifest

import (
	"maps"
	"slices"
	"strings"
)

// Hit is a reference and where it stands.
type Hit struct {
	Reference string // as it is written; what is written in parts is put together
	Object    string // "Deployment cert-manager/cert-manager"
	Path      string // "spec.template.spec.containers[0].args[3]"
}

// Find returns the references in an object, and in the items of a List, in the order of
// the paths' keys. What a container names as its image is returned whether or not it is
// a valid reference, so that the caller can tell what is wrong; anything else only if it
// cannot well be anything but a reference.
func Find(object map[string]any) []Hit {
	return find(object, "")
}

// find looks into an object. kind is for items of a list whose objects have none.
func find(object map[string]any, kind string) []Hit {
	if own, ok := object["kind"].(string); ok && own != "" {
		kind = own
	}
	if items, ok := object["items"].([]any); ok && strings.HasSuffix(kind, "List") {
		var hits []Hit
		for _, item := range items {
			if inner, ok := item.(map[string]any); ok {
				hits = append(hits, find(inner, strings.TrimSuffix(kind, "List"))...)
			}
		}
		return hits
	}
	w := walker{object: name(object, kind)}
	w.fields(withoutStatus(object), "")
	if kind == "ConfigMap" {
		w.configuration(object["data"], "data")
	}
	if kind == "Secret" {
		w.configuration(object["stringData"], "stringData")
	}
	return distinct(w.hits)
}

// withoutStatus leaves out what a cluster has added to an object: it says what ran, not
// what is needed.
func withoutStatus(object map[string]any) map[string]any {
	if _, ok := object["status"]; !ok {
		return object
	}
	wanted := maps.Clone(object)
	delete(wanted, "status")
	return wanted
}

// name is kind, namespace and name of an object, as far as it has them.
func name(object map[string]any, kind string) string {
	metadata, _ := object["metadata"].(map[string]any)
	text := func(key string) string { s, _ := metadata[key].(string); return s }
	id := text("name")
	if id == "" {
		id = text("generateName")
	}
	if namespace := text("namespace"); namespace != "" && id != "" {
		id = namespace + "/" + id
	}
	return strings.TrimSpace(kind + " " + id)
}

// distinct returns the hits without repetitions, in order.
func distinct(hits []Hit) []Hit {
	seen := make(map[Hit]bool, len(hits))
	return slices.DeleteFunc(hits, func(h Hit) bool {
		repeated := seen[h]
		seen[h] = true
		return repeated
	})
}
