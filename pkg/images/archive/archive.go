package archive

import (
	"context"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/archive/layout"
)

// Archive is an archive of images.
type Archive = layout.Archive

// Open opens an archive for reading: oci:DIR, oci-archive:FILE.tar, local://FILE, or a
// path. The format is detected from the content. Open decompresses and reads as much as
// necessary, until ctx is done. The error may be a *failure.DamagedError or a
// *layout.NoSpaceError.
func Open(ctx context.Context, name string) (*Archive, error) { return layout.Open(ctx, name) }

// Create opens an archive for writing. Content of an interrupted run is kept.
func Create(name string) (*Archive, error) { return layout.Create(name) }

// Continued opens for reading what Create would continue: the content of an interrupted run, or else
// the archive. An archive that does not exist has no content. No file is changed.
func Continued(ctx context.Context, name string) (*Archive, error) {
	return layout.Continued(ctx, name)
}

// Free returns the free bytes of the file system in which an archive is, or would be written. known
// is false if the system does not tell.
func Free(name string) (bytes int64, known bool) { return layout.Free(name) }

// IsName reports whether a command line argument is the name of an archive.
func IsName(s string) bool { return layout.IsName(s) }
