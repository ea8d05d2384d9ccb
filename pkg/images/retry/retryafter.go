package retry

import (
	"context"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"
)

// LongestWish is how long a registry may ask to wait. Nobody watches a command for longer;
// who has to wait for an hour runs it again.
const LongestWish = 15 * time.Minute

type wishKey struct{}

// WishOf is until when a registry asked to wait during this attempt. A wish that is not
// granted does not count.
func WishOf(ctx context.Context) time.Time {
	w, ok := ctx.Value(wishKey{}).(*wish)
	if !ok {
		return time.Time{}
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if time.Until(w.until) > LongestWish {
		return time.Time{}
	}
	return w.until
}

// wish is how long a registry asked to wait, during one attempt.
type wish struct {
	mu    sync.Mutex
	host  string
	until time.Time
}

// Note records the Retry-After of a response of a host to a request with this context.
func Note(ctx context.Context, host, header string, now time.Time) {
	if w, ok := ctx.Value(wishKey{}).(*wish); ok {
		w.note(host, header, now)
	}
}

// note records the Retry-After of a response, in seconds or as a date (RFC 9110, 10.2.3).
func (w *wish) note(host, header string, now time.Time) {
	var until time.Time
	if header != "" && strings.Trim(header, "0123456789") == "" {
		until = now.Add(secondsOf(header))
	} else if date, err := http.ParseTime(header); err == nil {
		until = date
	} else {
		return
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if until.After(w.until) {
		w.host, w.until = host, until
	}
}

// secondsOf is a number of seconds, or a century if there are more.
func secondsOf(digits string) time.Duration {
	const century = 100 * 365 * 24 * time.Hour
	seconds, err := strconv.ParseInt(digits, 10, 64)
	if err != nil || seconds > int64(century/time.Second) {
		return century
	}
	return time.Duration(seconds) * time.Second
}

// asked is which host asked to wait, and for how long; ok is false if none did.
func (w *wish) asked() (host string, wait time.Duration, ok bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.host, max(0, time.Until(w.until)), !w.until.IsZero()
}
