package archive

import (
	"context"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/archive/layout"
)

// Archive is an archive of images.
type Archive = layout.Archive

// Open opens an archive for reading: oci:DIR, oci-archive:FILE.tar, local://FILE, or a
// path. What a file is, is found out from its content. Until ctx is done, it unpacks and
// reads what has to be. The error may be a *failure.DamagedError or a
// *layout.NoSpaceError.
func Open(ctx context.Context, name string) (*Archive, error) { return layout.Open(ctx, name) }

// Create opens an archive for writing. What an interrupted run left in it is kept.
func Create(name string) (*Archive, error) { return layout.Create(name) }

// IsName tells whether a command line argument names an archive.
func IsName(s string) bool { return layout.IsName(s) }
