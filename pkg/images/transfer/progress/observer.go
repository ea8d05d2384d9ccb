package progress

import (
	"time"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images"
)

// Observer is told what happens. Calls come from several goroutines, and the copy
// waits for them.
type Observer interface {
	// Started is called before the first request for an image, and not for one that is
	// never tried.
	Started(c images.Copy)
	// Planned is called when it is known that a blob of this size has to get to the
	// target, once for each blob.
	Planned(bytes int64)
	// Saved is called for what was planned and need not be uploaded any more, because it
	// was there, or because it failed.
	Saved(bytes int64)
	// Transferred is called while blobs and manifests are uploaded, with the bytes
	// since the last call. Bytes that a retry sends again count again.
	Transferred(c images.Copy, bytes int64)
	// Waiting is called before a retry, with the host that failed.
	Waiting(host, reason string, d time.Duration)
	// Finished is called once for each copy of the plan.
	Finished(r images.Result)
}

// OrNobody returns an observer, or one that does not look if there is none.
func OrNobody(o Observer) Observer {
	if o == nil {
		return nobody{}
	}
	return o
}

type nobody struct{}

func (nobody) Started(images.Copy)                   {}
func (nobody) Planned(int64)                         {}
func (nobody) Saved(int64)                           {}
func (nobody) Transferred(images.Copy, int64)        {}
func (nobody) Waiting(string, string, time.Duration) {}
func (nobody) Finished(images.Result)                {}
