package catalog

import (
	"cmp"
	"slices"
	"strings"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/catalog/data"
)

// Images returns the images for a scope, sorted by component, place and reference, each once per
// component and place; and the values of the scope that the release does not know.
func (r *Release) Images(scope Scope) ([]NeededImage, []Unknown) {
	shapes, unknown := r.shapes(scope.Clusters)
	found := newImageSet()
	for _, component := range r.file.Components {
		for _, place := range component.RunsOn {
			if len(scope.Places) > 0 && !slices.Contains(scope.Places, Place(place)) {
				continue
			}
			for _, entry := range component.Images {
				if r.file.Active(component, entry, r.index, string(r.edition)) {
					r.resolve(component, Place(place), entry, scope.Features, shapes, found)
				}
			}
		}
	}
	return found.sorted(), unknown
}

// resolve adds the images of one entry for the features and shapes.
func (r *Release) resolve(c data.Component, place Place, e data.Entry, features map[string]bool, shapes []shape, found *imageSet) {
	needs := slices.Concat(c.Features, e.Features)
	if features != nil && slices.ContainsFunc(needs, func(feature string) bool { return !features[feature] }) {
		return
	}
	image := NeededImage{
		Reference: strings.ReplaceAll(e.Image, data.KKPTemplate, r.version), Kind: cmp.Or(e.Kind, KindImage),
		Component: c.Name, Place: place, Condition: describe(e, e.Kubernetes, needs),
		UpstreamMissing: e.Upstream == data.UpstreamMissing, OverwriteRegistry: c.OverwriteRegistry,
	}
	if !strings.Contains(e.Image, data.KubernetesTemplate) {
		if unconditional(e) || slices.ContainsFunc(shapes, func(s shape) bool { return s.meets(e) }) {
			found.add(image)
		}
		return
	}
	for _, s := range shapes {
		if s.kubernetes == "" || !s.meets(e) {
			continue
		}
		resolved := image
		resolved.Reference = strings.ReplaceAll(image.Reference, data.KubernetesTemplate, s.kubernetes)
		resolved.Condition = describe(e, []string{s.kubernetes}, needs)
		found.add(resolved)
	}
}

// imageSet keeps one Image per reference, component and place.
type imageSet struct {
	images []NeededImage
	index  map[imageKey]int
}

type imageKey struct {
	reference, component string
	place                Place
}

func newImageSet() *imageSet { return &imageSet{index: map[imageKey]int{}} }

// add adds an image, or adds its condition to the same image.
func (s *imageSet) add(image NeededImage) {
	key := imageKey{image.Reference, image.Component, image.Place}
	i, ok := s.index[key]
	if !ok {
		s.index[key] = len(s.images)
		s.images = append(s.images, image)
		return
	}
	known := &s.images[i]
	known.UpstreamMissing = known.UpstreamMissing && image.UpstreamMissing
	switch {
	case known.Condition == "" || image.Condition == "":
		known.Condition = ""
	case !slices.Contains(strings.Split(known.Condition, "; or "), image.Condition):
		known.Condition += "; or " + image.Condition
	}
}

func (s *imageSet) sorted() []NeededImage {
	slices.SortFunc(s.images, func(a, b NeededImage) int {
		return cmp.Or(
			cmp.Compare(a.Component, b.Component), cmp.Compare(a.Place, b.Place), cmp.Compare(a.Reference, b.Reference),
		)
	})
	return s.images
}
