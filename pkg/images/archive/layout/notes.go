package layout

import (
	"fmt"
	"slices"
	"strings"

	v1 "github.com/google/go-containerregistry/pkg/v1"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images"
)

// LeftOut is an image that cannot be read from an archive, with the reason.
type LeftOut struct {
	Name   string
	Reason string
}

// Notes returns the differences between the archive and the original images, one sentence
// each.
func (a *Archive) Notes() []string { return slices.Clone(a.notes) }

// LeftOut returns the images that cannot be read from the archive. The index does not list
// them.
func (a *Archive) LeftOut() []LeftOut { return slices.Clone(a.leftOut) }

// describe collects notes and images that are left out, when an archive is read.
func (a *Archive) describe() {
	s := a.store
	if t, ok := s.(temporary); ok {
		s = t.store
	}
	if d, ok := s.(*saved); ok {
		for _, l := range d.archive.LeftOut {
			a.leftOut = append(a.leftOut, LeftOut(l))
		}
		if platforms := d.archive.Platforms(); len(platforms) > 0 {
			a.notes = append(a.notes, fmt.Sprintf(
				"%s is a docker-archive: each image has one platform only (%s), and another digest than in its registry",
				a.name, strings.Join(platforms, ", ")))
		}
		return
	}
	a.index.Manifests = slices.DeleteFunc(a.index.Manifests, func(d v1.Descriptor) bool { return !a.adopt(d) })
}

// adopt sets the full reference of an entry of the index. Docker and ctr write the full
// reference to containerd's annotation, and only the tag to the layout's annotation. adopt
// is false if an image has only a tag, because its repository is unknown.
func (a *Archive) adopt(desc v1.Descriptor) bool {
	name := desc.Annotations[NameAnnotation]
	if full := desc.Annotations[containerdAnnotation]; full != "" {
		name = full
	} else if name == "" {
		return true // a referrer
	}
	ref, err := images.ParseRef(name)
	switch {
	case err != nil:
		a.leftOut = append(a.leftOut, LeftOut{Name: name, Reason: "the name in the index is not an image reference"})
		return false
	case !strings.ContainsAny(name, "/:"):
		a.leftOut = append(a.leftOut, LeftOut{Name: name, Reason: "the name in the index is only a tag; write the archive again with full references as names"})
		return false
	}
	desc.Annotations[NameAnnotation] = ref.String()
	return true
}
