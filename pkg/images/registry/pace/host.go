package pace

import (
	"sync"
	"time"

	"golang.org/x/time/rate"
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
	bucket  *rate.Limiter // nil: no limit is known
	most    float64       // requests per second; 0: no bound
	ceiling float64       // rate of the last refusal, in requests per second; 0: none
	calm    int           // successes since then
	lowered time.Time     // time of the last decrease
	quiet   time.Time     // no request starts before

	counted time.Time // start of the current window
	served  int       // successes in the current window
	before  int       // successes in the last window
}

func newHost(b Budget, now time.Time) *host {
	h := &host{turn: make(chan struct{}, 1), most: b.Most, counted: now}
	if b.PerSecond > 0 {
		h.bucket = rate.NewLimiter(rate.Limit(b.PerSecond), b.Burst)
	}
	return h
}

// free starts a request at once if the host has no limit.
func (h *host) free(now time.Time) (Request, bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	return Request{host: h, sent: now}, h.bucket == nil && !h.quiet.After(now)
}

// take takes a token, or returns how long to wait for one.
func (h *host) take(now time.Time) time.Duration {
	h.mu.Lock()
	defer h.mu.Unlock()
	switch {
	case h.quiet.After(now):
		return h.quiet.Sub(now)
	case h.bucket == nil || h.bucket.AllowN(now, 1):
		return 0
	}
	return max(shortest, time.Duration((1-h.bucket.TokensAt(now))/h.rate()*float64(time.Second)))
}

// rate returns the current limit in requests per second.
func (h *host) rate() float64 { return float64(h.bucket.Limit()) }

// accepted raises the rate if the request has waited for it.
func (h *host) accepted(r Request, now time.Time) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.count(now)
	if !r.held || h.bucket == nil {
		return
	}
	raised := h.rate()
	switch {
	case h.ceiling == 0:
		raised += early
	case raised < near*h.ceiling:
		raised += fast
	default:
		calm := float64(h.calm) / patience
		raised += slow * (1 + calm*calm)
	}
	h.calm++
	if h.most > 0 {
		raised = min(raised, h.most)
	}
	h.bucket.SetLimitAt(now, rate.Limit(raised))
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
	var lowered float64
	switch {
	case h.bucket == nil:
		lowered = max(unsure, first*float64(max(h.served, h.before))/window.Seconds())
		h.bucket = rate.NewLimiter(rate.Limit(lowered), burst)
	case h.ceiling == 0:
		h.ceiling, lowered = h.rate(), first*h.rate()
	default:
		h.ceiling, lowered = h.rate(), lower*h.rate()
	}
	h.bucket.SetLimitAt(now, rate.Limit(max(slowest, lowered)))
	h.bucket.AllowN(now, max(0, int(h.bucket.TokensAt(now)))) // the bucket begins empty
	h.lowered, h.calm = now, 0
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
