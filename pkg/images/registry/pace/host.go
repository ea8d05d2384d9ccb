package pace

import (
	"sync"
	"time"
)

const (
	shortest = 5 * time.Millisecond // sleeps are not shorter
	slowest  = 0.2                  // requests per second: no refusal lowers the rate below
	burst    = 10                   // requests at once to a host without a budget

	// As long as requests wait for the rate, each success raises it: by a large part before the
	// limit is known, by a smaller part up to near the rate of the last refusal, and by a very
	// small part beyond, which grows with the number of successes since then.
	early    = 0.5   // in requests per second
	fast     = 0.03  // in requests per second
	slow     = 0.001 // in requests per second
	near     = 0.9   // of the last refused rate
	patience = 400   // number of successes after which slow has doubled

	unsure = 5   // requests per second: the first refusal by a host without a budget does not lower the rate below
	first  = 0.5 // factor after the first refusal
	lower  = 0.7 // factor after each further refusal
	window = time.Second
)

// host is the limit of one host: a token bucket whose rate is learned (additive increase,
// multiplicative decrease).
type host struct {
	turn chan struct{} // held by the request that starts next, if requests wait

	mu      sync.Mutex
	rate    float64 // requests per second; 0: no limit is known
	most    float64 // 0: no bound
	burst   float64
	ceiling float64 // rate of the last refusal; 0: none
	calm    int     // successes since then
	tokens  float64 // requests that may start now
	filled  time.Time
	lowered time.Time // time of the last decrease
	quiet   time.Time // no request starts before

	counted time.Time // start of the current window
	served  int       // successes in the current window
	before  int       // successes in the last window
}

func newHost(b Budget, now time.Time) *host {
	h := &host{turn: make(chan struct{}, 1), rate: b.PerSecond, most: b.Most, burst: float64(b.Burst), filled: now, counted: now}
	if h.rate == 0 {
		h.burst = burst
	}
	h.tokens = h.burst
	return h
}

// free starts a request at once if the host has no limit.
func (h *host) free(now time.Time) (Request, bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	return Request{host: h, sent: now}, h.rate == 0 && !h.quiet.After(now)
}

// take takes a token, or returns how long to wait for one.
func (h *host) take(now time.Time) time.Duration {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.quiet.After(now) {
		return h.quiet.Sub(now)
	}
	if h.rate == 0 {
		return 0
	}
	h.fill(now)
	if h.tokens >= 1 {
		h.tokens--
		return 0
	}
	return max(shortest, time.Duration((1-h.tokens)/h.rate*float64(time.Second)))
}

func (h *host) fill(now time.Time) {
	h.tokens = min(h.burst, h.tokens+h.rate*now.Sub(h.filled).Seconds())
	h.filled = now
}

// accepted raises the rate if the request has waited for it.
func (h *host) accepted(r Request, now time.Time) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.count(now)
	if !r.held || h.rate == 0 {
		return
	}
	h.fill(now)
	switch {
	case h.ceiling == 0:
		h.rate += early
	case h.rate < near*h.ceiling:
		h.rate += fast
	default:
		calm := float64(h.calm) / patience
		h.rate += slow * (1 + calm*calm)
	}
	h.calm++
	if h.most > 0 {
		h.rate = min(h.rate, h.most)
	}
}

// refused lowers the rate. Requests that were sent before the last decrease say nothing about
// the lowered rate.
func (h *host) refused(r Request, until, now time.Time) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if until.After(h.quiet) {
		h.quiet = until
	}
	if r.sent.Before(h.lowered) {
		return
	}
	h.count(now)
	h.fill(now)
	switch {
	case h.rate == 0:
		h.rate = max(unsure, first*float64(max(h.served, h.before))/window.Seconds())
	case h.ceiling == 0:
		h.ceiling, h.rate = h.rate, first*h.rate
	default:
		h.ceiling, h.rate = h.rate, lower*h.rate
	}
	h.rate, h.tokens, h.lowered, h.calm = max(slowest, h.rate), min(0, h.tokens), now, 0
}

// delay lets no request start before a time.
func (h *host) delay(until time.Time) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if until.After(h.quiet) {
		h.quiet = until
	}
}

// count counts successes in windows.
func (h *host) count(now time.Time) {
	if passed := now.Sub(h.counted); passed >= window {
		h.before, h.served, h.counted = h.served, 0, now
		if passed >= 2*window {
			h.before = 0
		}
	}
	h.served++
}
