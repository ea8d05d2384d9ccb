// Package manifestdiff compares the manifests of a chart with two sets of values: which image
// references changed, which changes follow from references, and which other changes exist. It must
// not know the origin of the values, nor what a mirror is.
package manifestdiff

import (
	"fmt"
	"maps"
	"slices"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/manifest"
)

// Place is the place of a reference in the rendered templates. It is the same in all renderings,
// even if values change the name of the object.
type Place struct {
	template string
	document int
	path     string
	nth      int // number of the reference in a text with several
}

// Rendering is the manifests of a chart, with their references.
type Rendering struct {
	Objects []map[string]any
	Places  []Place // in order
	Hits    map[Place]manifest.Hit
}

// Decoder decodes renderings. Templates that render to the same text as in the first rendering
// are decoded once.
type Decoder struct {
	texts map[string]string
	known map[string][]map[string]any
}

// Decode decodes rendered templates by name.
func (d *Decoder) Decode(texts map[string]string) (Rendering, error) {
	r := Rendering{Hits: map[Place]manifest.Hit{}}
	first := d.texts == nil
	if first {
		d.texts, d.known = texts, map[string][]map[string]any{}
	}
	for _, name := range slices.Sorted(maps.Keys(texts)) {
		objects, known := d.known[name]
		if !known || d.texts[name] != texts[name] {
			var err error
			if objects, err = manifest.Decode([]byte(texts[name])); err != nil {
				return Rendering{}, fmt.Errorf("%s: %w", name, err)
			}
		}
		if first {
			d.known[name] = objects
		}
		for i, object := range objects {
			r.add(name, i, object)
		}
	}
	return r, nil
}

func (r *Rendering) add(template string, document int, object map[string]any) {
	r.Objects = append(r.Objects, object)
	for _, hit := range manifest.Find(object) {
		p := Place{template: template, document: document, path: hit.Path}
		for r.Hits[p] != (manifest.Hit{}) {
			p.nth++
		}
		r.Places = append(r.Places, p)
		r.Hits[p] = hit
	}
}

// Found returns the references in order.
func (r *Rendering) Found() []manifest.Hit {
	hits := make([]manifest.Hit, 0, len(r.Places))
	for _, p := range r.Places {
		hits = append(hits, r.Hits[p])
	}
	return hits
}

// References returns the references by their places.
func (r *Rendering) References() map[Place]string {
	references := make(map[Place]string, len(r.Hits))
	for p, hit := range r.Hits {
		references[p] = hit.Reference
	}
	return references
}
