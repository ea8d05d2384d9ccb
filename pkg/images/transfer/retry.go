package transfer

import (
	"context"
	"errors"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"strconv"
	"sync"
	"syscall"
	"time"

	"github.com/google/go-containerregistry/pkg/v1/remote/transport"
)

// policy says how often and after which waits something is tried. It is the only
// place that retries: those of go-containerregistry are turned off.
type policy struct {
	attempts int
	first    time.Duration // the wait before the second attempt; it doubles from there
	longest  time.Duration // but not beyond this, unless the registry says so
}

// do calls try until it succeeds, fails for good, or was called often enough. waiting
// is called before each wait.
func (p policy) do(ctx context.Context, waiting func(attempt int, err error, d time.Duration), try func(context.Context) error) error {
	for attempt := 1; ; attempt++ {
		var asked wish
		err := try(context.WithValue(ctx, wishKey{}, &asked))
		if err == nil || ctx.Err() != nil || attempt >= p.attempts || !isTransient(err) {
			return err
		}
		d, ok := asked.wait()
		if !ok {
			d = p.backoff(attempt)
		}
		waiting(attempt+1, err, d)
		if sleep(ctx, d) != nil {
			return err
		}
	}
}

// backoff is the wait after an attempt, a quarter more or less at random.
func (p policy) backoff(attempt int) time.Duration {
	d := min(p.first<<(attempt-1), p.longest)
	return time.Duration(float64(d) * (0.75 + rand.Float64()/2))
}

func sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}

// isTransient tells whether the same request may succeed later.
func isTransient(err error) bool {
	var status *transport.Error
	var refused *refusalError
	var digest *digestError
	var again *againError
	switch {
	case errors.As(err, &again):
		return true
	case errors.As(err, &refused), errors.As(err, &digest):
		return false
	case errors.As(err, &status):
		return isTransientStatus(status.StatusCode)
	case isTLS(err):
		return false
	default:
		return isTransientFault(err)
	}
}

func isTransientStatus(code int) bool {
	switch code {
	case http.StatusRequestTimeout, http.StatusTooManyRequests, http.StatusInternalServerError,
		http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout:
		return true
	default:
		return false
	}
}

func isTransientFault(err error) bool {
	var dns *net.DNSError
	if errors.As(err, &dns) {
		return dns.IsTemporary || dns.IsTimeout
	}
	var broken *brokenError
	var stream streamError
	var timeout net.Error
	switch {
	case errors.As(err, &broken), errors.As(err, &stream):
		return true
	case errors.As(err, &timeout) && timeout.Timeout():
		return true
	case errors.Is(err, context.Canceled): // another image's, whose request this one shared
		return true
	}
	for _, lost := range []error{io.EOF, io.ErrUnexpectedEOF, syscall.ECONNRESET, syscall.ECONNABORTED, syscall.EPIPE, net.ErrClosed} {
		if errors.Is(err, lost) {
			return true
		}
	}
	return false
}

type wishKey struct{}

// wishOf is until when a registry asked to wait during this attempt.
func wishOf(ctx context.Context) time.Time {
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
