package waiting

import (
	"sync"
	"time"
)

// host counts who waits for a host. One timer looks at it from time to time while somebody
// does, so that nothing has to be set for each read.
type host struct {
	name string
	tell Tell

	mu    sync.Mutex
	waits int       // requests and reads that are not answered
	last  time.Time // when the host was heard last, or began to be waited for
	told  time.Duration
	timer *time.Timer // nil: nobody looks
}

// begin notes that somebody waits.
func (h *host) begin() {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.waits == 0 {
		h.last, h.told = time.Now(), 0
	}
	h.waits++
	if h.timer == nil {
		h.timer = time.AfterFunc(First, h.look)
	}
}

// end notes that a wait is over, because the host was heard or was given up.
func (h *host) end() {
	h.heard()
	h.mu.Lock()
	defer h.mu.Unlock()
	h.waits--
}

// heard notes that the host does something.
func (h *host) heard() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.last, h.told = time.Now(), 0
}

// look tells of the silence if it is long enough, and looks again later.
func (h *host) look() {
	h.mu.Lock()
	if h.waits == 0 {
		h.timer = nil
		h.mu.Unlock()
		return
	}
	silent := time.Since(h.last)
	due := First
	if h.told > 0 {
		due = h.told + Again
	}
	tell := silent >= due
	if tell {
		h.told, due = silent, silent+Again
	}
	h.timer.Reset(min(due-silent, First)) // the host may be heard, and fall silent again
	h.mu.Unlock()
	if tell {
		h.tell(h.name, silent)
	}
}
