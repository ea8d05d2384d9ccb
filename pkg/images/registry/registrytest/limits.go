package registrytest

import (
	"fmt"
	"math"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"
)

// Limits are the limits of a public registry. The zero value has none.
type Limits struct {
	PerSecond  float64 // requests, in a token bucket (quay.io); 0: no limit
	Burst      int     // size of the bucket
	RetryAfter bool    // a refusal says when to try again

	Pulls  int           // GET requests for manifests in a window (Docker Hub); 0: no limit
	Window time.Duration // in whole seconds
}

// Limited is a handler with limits.
type Limited struct {
	limits Limits
	next   http.Handler

	mu      sync.Mutex
	tokens  float64
	filled  time.Time
	pulls   int // in the current window
	opened  time.Time
	served  int
	refused int
}

// Limit returns a handler with limits.
func Limit(next http.Handler, limits Limits) *Limited {
	now := time.Now()
	return &Limited{limits: limits, next: next, tokens: float64(limits.Burst), filled: now, opened: now}
}

// Counts returns the number of served and of refused requests.
func (l *Limited) Counts() (served, refused int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.served, l.refused
}

// ServeHTTP implements http.Handler.
func (l *Limited) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	if !l.admit(w.Header(), req) {
		fail(w, http.StatusTooManyRequests, "TOOMANYREQUESTS")
		return
	}
	l.next.ServeHTTP(w, req)
}

// admit counts a request, and sets the headers of its answer.
func (l *Limited) admit(header http.Header, req *http.Request) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	now := time.Now()
	if wait := max(l.take(now), l.pull(header, req, now)); wait > 0 {
		l.refused++
		if l.limits.RetryAfter {
			header.Set("Retry-After", strconv.Itoa(int(math.Ceil(wait.Seconds()))))
		}
		return false
	}
	l.served++
	return true
}

// take takes a token, or returns the time until there is one.
func (l *Limited) take(now time.Time) time.Duration {
	if l.limits.PerSecond == 0 {
		return 0
	}
	l.tokens, l.filled = min(float64(l.limits.Burst), l.tokens+l.limits.PerSecond*now.Sub(l.filled).Seconds()), now
	if l.tokens < 1 {
		return time.Duration((1 - l.tokens) / l.limits.PerSecond * float64(time.Second))
	}
	l.tokens--
	return 0
}

// pull counts a pull, or returns the time until the next window.
func (l *Limited) pull(header http.Header, req *http.Request, now time.Time) (wait time.Duration) {
	if l.limits.Pulls == 0 || !strings.Contains(req.URL.Path, "/manifests/") {
		return 0
	}
	if now.Sub(l.opened) >= l.limits.Window {
		l.pulls, l.opened = 0, now
	}
	switch {
	case req.Method != http.MethodGet:
	case l.pulls >= l.limits.Pulls:
		wait = l.opened.Add(l.limits.Window).Sub(now)
	default:
		l.pulls++
	}
	window := fmt.Sprintf(";w=%d", int(l.limits.Window.Seconds()))
	header.Set("RateLimit-Limit", strconv.Itoa(l.limits.Pulls)+window)
	header.Set("RateLimit-Remaining", strconv.Itoa(l.limits.Pulls-l.pulls)+window)
	return wait
}
