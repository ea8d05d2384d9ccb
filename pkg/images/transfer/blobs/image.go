package blobs

import (
	"sync/atomic"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/storage"
)

// Progress is told what the moves of an image do.
type Progress interface {
	storage.Progress
	// Mount is called with the bytes of a blob that did not have to move.
	Mount(bytes int64)
}

// Image is an image whose blobs are moved.
type Image struct {
	Source   storage.Source
	Target   storage.Target
	progress Progress
	rank     int // in the plan

	There  string      // the digest that the target had from the beginning; guarded by planning
	failed atomic.Bool // nothing is needed for it any more

	blobs    []*blob // what it needs; guarded by Blobs
	released bool    // they may move; guarded by Blobs
}

// NewImage returns an image with its place in the plan.
func NewImage(from storage.Source, to storage.Target, rank int, p Progress) *Image {
	return &Image{Source: from, Target: to, rank: rank, progress: p}
}

// From says where the image is read after all, before anything is needed for it.
func (i *Image) From(source storage.Source) { i.Source = source }

// Fail says that nothing is needed for the image any more.
func (i *Image) Fail() { i.failed.Store(true) }
