package layout

import (
	"strings"

	v1 "github.com/google/go-containerregistry/pkg/v1"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images"
)

// Annotations of an entry of the index, for information in addition to the name that a copy
// into a registry needs.
const (
	kindAnnotation = "dev.kkp-mirror.kind" // unless the entry is an image
	alsoAnnotation = "dev.kkp-mirror.also" // second places (images.Image.Also), separated by commas
)

// Notes returns the annotations for the kind and the second places of an image.
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

// KindOf returns the kind of an entry of an index. The kind may be unknown.
func KindOf(desc v1.Descriptor) images.Kind {
	if kind := desc.Annotations[kindAnnotation]; kind != "" {
		return images.Kind(kind)
	}
	return images.KindImage
}

// AlsoOf returns the second places of an entry of an index, without validation.
func AlsoOf(desc v1.Descriptor) []string {
	if also := desc.Annotations[alsoAnnotation]; also != "" {
		return strings.Split(also, ",")
	}
	return nil
}
