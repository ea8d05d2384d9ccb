package layout

import (
	"fmt"
	"slices"
	"strings"

	v1 "github.com/google/go-containerregistry/pkg/v1"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images"
)

// LeftOut is an image that cannot be taken from an archive, and why.
type LeftOut struct {
	Name   string
	Reason string
}

// Notes say what is different from what was archived, one sentence each.
func (a *Archive) Notes() []string { return slices.Clone(a.notes) }

// LeftOut are the images that cannot be taken from the archive: the index does not list
// them.
func (a *Archive) LeftOut() []LeftOut { return slices.Clone(a.leftOut) }

// describe finds out what there is to say about an archive that is read.
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
				"%s is a docker-archive: each image in it is for one platform only (%s), and its digest is not the one that it has where it comes from",
				a.name, strings.Join(platforms, ", ")))
		}
		return
	}
	a.index.Manifests = slices.DeleteFunc(a.index.Manifests, func(d v1.Descriptor) bool { return !a.adopt(d) })
}

// adopt gives an entry of the index its full reference. Docker and ctr write that for
// containerd, and only the tag where the layout has the name. It is false if an image has
// nothing but a tag, because nobody knows what of.
func (a *Archive) adopt(desc v1.Descriptor) bool {
	name := desc.Annotations[NameAnnotation]
	if full := desc.Annotations[containerdAnnotation]; full != "" {
		name = full
	} else if name == "" {
		return true // it refers to another image
	}
	ref, err := images.ParseRef(name)
	switch {
	case err != nil:
		a.leftOut = append(a.leftOut, LeftOut{Name: name, Reason: "its name in the index is no image reference"})
		return false
	case !strings.ContainsAny(name, "/:"):
		a.leftOut = append(a.leftOut, LeftOut{Name: name, Reason: "its name in the index is only a tag; write the archive again with the full reference as its name"})
		return false
	}
	desc.Annotations[NameAnnotation] = ref.String()
	return true
}
