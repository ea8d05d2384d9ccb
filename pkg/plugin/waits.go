package plugin

import (
	"fmt"
	"io"
	"sync"
	"time"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/waiting"
)

// waits prints a line for servers that are silent, one for all connections to a host.
type waits struct {
	mu   sync.Mutex
	out  io.Writer
	told map[string]time.Time // by host
}

func newWaits(out io.Writer) *waits { return &waits{out: out, told: map[string]time.Time{}} }

// tell is a waiting.Tell.
func (w *waits) tell(host string, silent time.Duration) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if now := time.Now(); silent >= waiting.First+waiting.Again || now.Sub(w.told[host]) >= waiting.Again {
		w.told[host] = now
		fmt.Fprintf(w.out, "waiting for %s: no answer for %s\n", host, silent.Round(time.Second))
	}
}
