package retry

import (
	"context"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-containerregistry/pkg/v1/remote/transport"
)

func TestWish(t *testing.T) {
	now := time.Now()
	tests := []struct {
		header string
		want   time.Duration
		ok     bool
	}{
		{"", 0, false},
		{"soon", 0, false},
		{"-5", 0, false},
		{"120", 120 * time.Second, true},
		{now.Add(time.Hour).UTC().Format(http.TimeFormat), time.Hour, true},
		{now.Add(-time.Hour).UTC().Format(http.TimeFormat), 0, true},
	}
	for _, tt := range tests {
		var w wish
		w.note("hub", tt.header, now)
		if _, got, ok := w.asked(); ok != tt.ok || got > tt.want || got < tt.want-2*time.Second {
			t.Errorf("%q: got %s, %t; want %s, %t", tt.header, got, ok, tt.want, tt.ok)
		}
	}
}

func TestBackoff(t *testing.T) {
	p := Usual()
	for attempt, want := range map[int]time.Duration{1: 500 * time.Millisecond, 2: time.Second, 4: 4 * time.Second, 20: 30 * time.Second} {
		if got := p.Backoff(attempt); got < want*3/4 || got > want*5/4 {
			t.Errorf("after attempt %d: %s, want about %s", attempt, got, want)
		}
	}
}

func TestAttemptsAndWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		start, tries := time.Now(), 0
		var waits []time.Duration
		err := Usual().Do(t.Context(), func(_ int, _ error, d time.Duration) { waits = append(waits, d) }, func(context.Context) error {
			tries++
			return &transport.Error{StatusCode: 503}
		})
		if took := time.Since(start); err == nil || tries != 5 || len(waits) != 4 || took > 10*time.Second {
			t.Errorf("%d tries, waits %v, %s, %v", tries, waits, took, err)
		}

		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		start = time.Now()
		err = Policy{Attempts: 5}.Do(ctx, func(int, error, time.Duration) {}, func(ctx context.Context) error {
			Note(ctx, "hub", "600", time.Now())
			return &transport.Error{StatusCode: 429}
		})
		if took := time.Since(start); err == nil || took != time.Minute {
			t.Errorf("a wait of ten minutes was left after %s with %v", took, err)
		}
	})
}
