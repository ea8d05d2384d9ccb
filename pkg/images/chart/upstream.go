package chart

import (
	"maps"
	"slices"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/manifest"
)

// Upstream maps the references of a release to upstream names.
type Upstream struct {
	Values  map[string]any // the user's values without overrides
	Removed []Override     // the removed overrides
	origins origins        // for references that were rendered with the user's values
	rest    []changedText  // changed texts in Values
}

// Upstream compares the user's values with the default values of the chart.
func (c *Chart) Upstream(config map[string]any) (Upstream, error) {
	record, values := recorded(config)
	defaults, err := c.defaults(values)
	if err != nil {
		return Upstream{}, err
	}
	kept, removed := withoutOverrides(values, defaults)
	o := findOrigins(values, defaults, removed)
	o.recorded = record
	return Upstream{Values: kept, Removed: removed, origins: o, rest: changedTexts(kept, defaults, nil)}, nil
}

// Name returns the upstream name of a reference that was rendered with the user's values. ok is
// false if the reference is on a registry of the overrides, but no override explains it.
func (u Upstream) Name(reference string) (name string, ok bool) { return u.origins.original(reference) }

// Names returns the upstream names of references that were rendered with u.Values, by their places.
// A reference is missing if it is on a registry of the overrides and its upstream name is not known.
//
// Values need no telling name to hold a registry. So the chart is rendered once more, with the
// defaults of all texts from which references begin. The reference that is then at the same place
// is the upstream name if its copy has the current name: on another registry, with the same path,
// perhaps behind a prefix. Tag and digest are those of the current reference. An error is an error
// of render; the names are then derived from the values alone.
func Names[K comparable](u Upstream, rendered map[K]string, render func(values map[string]any) (map[K]string, error)) (names map[K]string, err error) {
	names = map[K]string{}
	o := u.origins
	o.byName, o.texts, o.mirrors = nil, u.rest, maps.Clone(o.mirrors) // the values have no overrides any more
	tried := map[K]bool{}
	for _, values := range u.trials(slices.Collect(maps.Values(rendered))) {
		var standard map[K]string
		if standard, err = render(values); err != nil {
			break
		}
		for place, reference := range rendered {
			_, known := names[place]
			name, ok := o.restored(reference, standard[place])
			if ok && !known {
				names[place] = name
				o.addMirror(reference)
			}
			tried[place] = tried[place] || standard[place] != ""
		}
	}
	o.addMirrors(slices.Collect(maps.Values(rendered)))
	for place, reference := range rendered {
		if _, known := names[place]; known {
			continue
		}
		by := o
		if tried[place] {
			by.texts = nil // the rendering has proved that no text explains the reference
		}
		if name, ok := by.original(reference); ok {
			names[place] = name
		}
	}
	return names, err
}

// trials returns the values without the texts from which references begin: first also without the
// texts that are a part of the path of such a reference.
func (u Upstream) trials(references []string) []map[string]any {
	var leading, parts []changedText
	for _, t := range u.rest {
		switch {
		case slices.ContainsFunc(references, t.leads):
			leading = append(leading, t)
		case slices.ContainsFunc(references, t.isPathOf):
			parts = append(parts, t)
		}
	}
	switch {
	case len(leading) == 0:
		return nil
	case len(parts) == 0:
		return []map[string]any{withDefaults(u.Values, leading)}
	}
	return []map[string]any{withDefaults(u.Values, slices.Concat(leading, parts)), withDefaults(u.Values, leading)}
}

// result gives references their upstream names. References without a name are unexplained.
func (u Upstream) result(hits []manifest.Hit, names map[place]string) Result {
	result := Result{Removed: slices.Concat(u.Removed, u.causes(byPlace(hits), names))}
	for i, p := range places(hits) {
		hit := hits[i]
		name, known := names[p]
		if !known {
			result.Unexplained = append(result.Unexplained, hit)
			continue
		}
		hit.Reference = name
		result.Hits = append(result.Hits, hit)
	}
	return result
}

// causes returns the texts that lead references with another upstream name, and the names that come
// from the record.
func (u Upstream) causes(rendered, names map[place]string) []Override {
	var found []Override
	for _, t := range u.rest {
		for p, reference := range rendered {
			if name, known := names[p]; known && name != reference && t.leads(reference) {
				found = append(found, Override{Path: t.path(), Value: t.text, Default: t.standard})
				break
			}
		}
	}
	for _, name := range slices.Sorted(maps.Keys(u.origins.recorded)) {
		source := u.origins.recorded[name]
		for p, reference := range rendered {
			if repositoryName(reference) == name && repositoryName(names[p]) == source {
				found = append(found, Override{Path: recordKey, Value: source})
				break
			}
		}
	}
	return found
}

// place is the place of a reference in the manifests of a release.
type place struct {
	object, path string
	nth          int // of the references in one field
}

// places returns the places of hits, in their order.
func places(hits []manifest.Hit) []place {
	found := make([]place, 0, len(hits))
	count := map[place]int{}
	for _, hit := range hits {
		p := place{object: hit.Object, path: hit.Path}
		count[p]++
		p.nth = count[p]
		found = append(found, p)
	}
	return found
}

// byPlace returns references by their places.
func byPlace(hits []manifest.Hit) map[place]string {
	found := make(map[place]string, len(hits))
	for i, p := range places(hits) {
		found[p] = hits[i].Reference
	}
	return found
}
