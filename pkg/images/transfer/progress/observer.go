package progress

import (
	"time"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images"
)

// Observer receives the progress of a run. It is called from several goroutines, and must
// return fast.
type Observer interface {
	// Started is called before the first request for an image. It is not called for a
	// skipped image.
	Started(c images.Copy)
	// Planned is called once for each blob that is missing at the target, with its size.
	Planned(bytes int64)
	// Resolved is called when all blobs of one more image are planned, or need not be.
	Resolved()
	// Saved is called for planned bytes that need no upload, because the blob exists, was
	// mounted, or failed.
	Saved(bytes int64)
	// Transferred is called with the number of bytes of blobs and manifests while they are
	// uploaded. Bytes that a retry sends again are counted again.
	Transferred(c images.Copy, bytes int64)
	// Waiting is called before a retry, with the host that failed.
	Waiting(host, reason string, d time.Duration)
	// Warned is called with a warning that concerns many images, as a sentence without a
	// period.
	Warned(text string)
	// Finished is called once for each copy of the plan.
	Finished(r images.Result)
}

// OrNobody returns the observer or, for nil, an observer that ignores all calls.
func OrNobody(o Observer) Observer {
	if o == nil {
		return nobody{}
	}
	return o
}

type nobody struct{}

func (nobody) Started(images.Copy)                   {}
func (nobody) Planned(int64)                         {}
func (nobody) Resolved()                             {}
func (nobody) Saved(int64)                           {}
func (nobody) Transferred(images.Copy, int64)        {}
func (nobody) Waiting(string, string, time.Duration) {}
func (nobody) Warned(string)                         {}
func (nobody) Finished(images.Result)                {}
