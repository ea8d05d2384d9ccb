package layout

import (
	"io"
	"io/fs"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/types"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/failure"
)

// Absent returns an archive that does not exist: without content, and open for reading only.
func Absent(name string) *Archive {
	return &Archive{name: name, store: nowhere{}, index: v1.IndexManifest{SchemaVersion: 2, MediaType: types.OCIImageIndex}}
}

// nowhere is the store of an archive that does not exist.
type nowhere struct{}

func (nowhere) has(v1.Hash) bool           { return false }
func (nowhere) readIndex() ([]byte, error) { return nil, fs.ErrNotExist }
func (nowhere) close(bool) error           { return nil }

func (nowhere) open(digest v1.Hash) (io.ReadSeekCloser, error) {
	return nil, &failure.NotFoundError{Name: digest.String(), Where: "the archive"}
}
