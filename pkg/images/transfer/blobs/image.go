package blobs

import (
	"sync/atomic"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/storage"
)

// Progress receives the progress of an image's blobs.
type Progress interface {
	storage.Progress
	// Mount is called with the size of a blob that needed no transfer.
	Mount(bytes int64)
}

// Image is an image whose blobs are copied.
type Image struct {
	Source   storage.Source
	Target   storage.Target
	progress Progress
	rank     int // position in the plan

	There  string      // digest at the target before the run; protected by planning
	failed atomic.Bool // the image needs no blobs any more

	blobs    []*blob // needed blobs; protected by Blobs
	released bool    // the blobs may be copied; protected by Blobs
}

// NewImage returns an image with its position in the plan.
func NewImage(from storage.Source, to storage.Target, rank int, p Progress) *Image {
	return &Image{Source: from, Target: to, rank: rank, progress: p}
}

// From replaces the source, before blobs of the image are needed.
func (i *Image) From(source storage.Source) { i.Source = source }

// Fail records that the image needs no blobs any more.
func (i *Image) Fail() { i.failed.Store(true) }
