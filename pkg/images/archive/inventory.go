package archive

import (
	"errors"
	"strings"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/archive/layout"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/failure"
)

// Inventory returns the images in an archive, with their digests. Images that cannot be
// read from the archive are gaps.
func Inventory(a *layout.Archive) (images.Inventory, error) {
	var c images.Collector
	for _, desc := range a.Entries() {
		name := desc.Annotations[layout.NameAnnotation]
		if name == "" || isCosign(name) {
			continue // it is copied with its image
		}
		ref, err := images.ParseRef(name)
		if err != nil {
			return images.Inventory{}, &failure.RejectedError{As: images.ClassPolicy, Msg: a.String() + ": " + err.Error(), Advice: "use an archive that this plugin has written, or an archive with full references as names"}
		}
		img := images.Image{Ref: ref, Kind: layout.KindOf(desc), Also: layout.AlsoOf(desc), Digest: desc.Digest.String()}
		if err := img.Check(); err != nil {
			c.Gap("archive", name, err)
			continue
		}
		c.Add(img)
	}
	for _, left := range a.LeftOut() {
		c.Gap("archive", left.Name, errors.New(left.Reason))
	}
	for _, note := range a.Notes() {
		c.Note(note)
	}
	return c.Inventory(), nil
}

// isCosign reports whether a name is a tag of cosign for a referrer.
func isCosign(name string) bool {
	_, tag, _ := strings.Cut(name[strings.LastIndex(name, "/")+1:], ":")
	return strings.HasPrefix(tag, "sha256-")
}
