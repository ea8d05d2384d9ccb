package retry

import (
	"context"
	"net/http"
	"strconv"
	"sync"
	"time"
)

type wishKey struct{}

// WishOf is until when a registry asked to wait during this attempt.
func WishOf(ctx context.Context) time.Time {
	w, ok := ctx.Value(wishKey{}).(*wish)
	if !ok {
		return time.Time{}
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.until
}

// wish is how long a registry asked to wait, during one attempt.
type wish struct {
	mu    sync.Mutex
	until time.Time
}

// Note records the Retry-After of a response to a request with this context.
func Note(ctx context.Context, header string, now time.Time) {
	if w, ok := ctx.Value(wishKey{}).(*wish); ok {
		w.note(header, now)
	}
}

// note records the Retry-After of a response, in seconds or as a date.
func (w *wish) note(header string, now time.Time) {
	var until time.Time
	if seconds, err := strconv.Atoi(header); err == nil {
		until = now.Add(time.Duration(seconds) * time.Second)
	} else if date, err := http.ParseTime(header); err == nil {
		until = date
	} else {
		return
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if until.After(w.until) {
		w.until = until
	}
}

func (w *wish) wait() (time.Duration, bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return max(0, time.Until(w.until)), !w.until.IsZero()
}
