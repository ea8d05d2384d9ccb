package status_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/registry/status"
)

func TestRetryAfter(t *testing.T) {
	now := time.Now()
	tests := []struct {
		header string
		want   time.Duration
		ok     bool
	}{
		{"", 0, false},
		{"soon", 0, false},
		{"120", 120 * time.Second, true},
		{now.Add(time.Hour).UTC().Format(http.TimeFormat), time.Hour, true},
		{now.Add(-time.Hour).UTC().Format(http.TimeFormat), 0, true},
	}
	for _, tt := range tests {
		after := status.RetryAfter(http.Header{"Retry-After": {tt.header}}, now)
		got, ok := max(0, after.Sub(now)), !after.IsZero()
		if ok != tt.ok || got > tt.want || got < tt.want-2*time.Second {
			t.Errorf("%q: got %s, %t; want %s, %t", tt.header, got, ok, tt.want, tt.ok)
		}
	}
}
