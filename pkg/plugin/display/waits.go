package display

import (
	"sync"
	"time"
)

// waits knows until when hosts are waited for, so that one line is enough for many images that
// wait for the same host.
type waits struct {
	mu    sync.Mutex
	until map[string]time.Time // by host
}

// isNew reports whether a wait ends at least a second later than the last new wait for the host.
func (w *waits) isNew(host string, until time.Time) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	if until.Before(w.until[host].Add(time.Second)) {
		return false
	}
	if w.until == nil {
		w.until = map[string]time.Time{}
	}
	w.until[host] = until
	return true
}
