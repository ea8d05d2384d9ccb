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

// Set is the set of blobs that one image needs.
type Set struct {
	Source   storage.Source
	Target   storage.Target
	progress Progress
	rank     int // position in the plan

	There  string      // digest at the target before the run; protected by planning
	failed atomic.Bool // the image needs no blobs any more

	blobs    []*blob // needed blobs; protected by Blobs
	released bool    // the blobs may be copied; protected by Blobs
}

// NewSet returns the set of an image, which has no blobs yet. rank is the position of the image in the plan.
func NewSet(from storage.Source, to storage.Target, rank int, p Progress) *Set {
	return &Set{Source: from, Target: to, rank: rank, progress: p}
}

// From replaces the source, before blobs of the image are needed.
func (i *Set) From(source storage.Source) { i.Source = source }

// Fail records that the image needs no blobs any more.
func (i *Set) Fail() { i.failed.Store(true) }
