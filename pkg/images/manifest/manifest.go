// Package manifest finds image references in Kubernetes objects of any kind: in containers of pods,
// and in arguments, environment variables, fields of custom resources and ConfigMaps, from which
// operators read references. It must not know charts, addons or KKP releases.
package manifest

import (
	"maps"
	"slices"
	"strings"
)

// Hit is a reference with its place.
type Hit struct {
	Reference string // as written; parts in several fields are joined
	Object    string // "Deployment cert-manager/cert-manager"
	Path      string // "spec.template.spec.containers[0].args[3]"
}

// Find returns the references in an object, and in the items of a List, in the order of the keys. The
// image of a container is returned even if it is not a valid reference, so that the caller can
// report it. Other text is returned only if it is very likely a reference.
func Find(object map[string]any) []Hit {
	return find(object, "")
}

// find searches an object. kind is the kind of list items without their own kind.
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

// withoutStatus removes the fields that a cluster adds to an object: they say what ran, not what is
// needed.
func withoutStatus(object map[string]any) map[string]any {
	if _, ok := object["status"]; !ok {
		return object
	}
	wanted := maps.Clone(object)
	delete(wanted, "status")
	return wanted
}

// name returns kind, namespace and name of an object, as far as they are set.
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

// distinct returns the hits without duplicates, in order.
func distinct(hits []Hit) []Hit {
	seen := make(map[Hit]bool, len(hits))
	return slices.DeleteFunc(hits, func(h Hit) bool {
		repeated := seen[h]
		seen[h] = true
		return repeated
	})
}
