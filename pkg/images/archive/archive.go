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

// Absent returns an archive that does not exist: without content, and open for reading only.
func Absent(name string) *Archive { return layout.Absent(name) }

// Free returns the free bytes of the file system in which an archive is, or would be written. known
// is false if the system does not tell.
func Free(name string) (bytes int64, known bool) { return layout.Free(name) }

// IsName reports whether a command line argument is the name of an archive.
func IsName(s string) bool { return layout.IsName(s) }
