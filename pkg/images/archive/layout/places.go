package layout

import (
	"strings"

	v1 "github.com/google/go-containerregistry/pkg/v1"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images"
)

// The annotations of an entry of the index that say what a registry, into which the archive
// is copied, has to know beside the name.
const (
	kindAnnotation = "dev.kkp-mirror.kind" // of what is not an image
	alsoAnnotation = "dev.kkp-mirror.also" // second places (images.Image.Also), separated by commas
)

// Notes are the annotations for what an image is, and for its second places.
func Notes(kind images.Kind, also []string) map[string]string {
	notes := map[string]string{}
	if kind != "" && kind != images.KindImage {
		notes[kindAnnotation] = string(kind)
	}
	if len(also) > 0 {
		notes[alsoAnnotation] = strings.Join(also, ",")
	}
	return notes
}

// KindOf is what an entry of an index is noted to be. It may be a kind that is not known.
func KindOf(desc v1.Descriptor) images.Kind {
	if kind := desc.Annotations[kindAnnotation]; kind != "" {
		return images.Kind(kind)
	}
	return images.KindImage
}

// AlsoOf are the second places that are noted in an entry of an index. They are not checked.
func AlsoOf(desc v1.Descriptor) []string {
	if also := desc.Annotations[alsoAnnotation]; also != "" {
		return strings.Split(also, ",")
	}
	return nil
}
