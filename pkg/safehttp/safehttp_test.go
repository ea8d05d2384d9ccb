package safehttp_test

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/bounded"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/safehttp"
)

// answering is a transport that answers every request with a body.
type answering func(ctx context.Context) io.Reader

// RoundTrip implements http.RoundTripper.
func (a answering) RoundTrip(req *http.Request) (*http.Response, error) {
	return &http.Response{StatusCode: http.StatusOK, Body: io.NopCloser(a(req.Context())), Request: req}, nil
}

// dripping is a body that returns some bytes in every interval.
type dripping struct {
	done     <-chan struct{}
	bytes    int
	interval time.Duration
	times    int // until it ends; negative: never
}

// Read implements io.Reader.
func (d *dripping) Read(p []byte) (int, error) {
	if d.times == 0 {
		return 0, io.EOF
	}
	d.times--
	select {
	case <-d.done:
		return 0, context.Canceled
	case <-time.After(d.interval):
		return min(d.bytes, len(p)), nil
	}
}

// read reads the answer to a request.
func read(ctx context.Context, through http.RoundTripper) (int64, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "https://registry.example.com/v2/", nil)
	if err != nil {
		return 0, err
	}
	resp, err := safehttp.NewClient(through).Do(req)
	if err != nil {
		return 0, err
	}
	defer resp.Body.Close()
	return io.Copy(io.Discard, resp.Body)
}

func TestBodiesThatStandStill(t *testing.T) {
	for name, tt := range map[string]struct {
		bytes, times int
		interval     time.Duration
		want         time.Duration // time until cancellation; 0: never
	}{
		"nothing comes":             {interval: time.Hour, times: -1, want: time.Minute},
		"a byte comes now and then": {bytes: 1, interval: time.Second, times: -1, want: time.Minute},
		"it is slow":                {bytes: 1 << 10, interval: 3 * time.Second, times: 100},
		"it is short":               {bytes: 1, interval: time.Second, times: 30},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				begun := time.Now()
				_, err := read(t.Context(), safehttp.New(answering(func(ctx context.Context) io.Reader {
					return &dripping{ctx.Done(), tt.bytes, tt.interval, tt.times}
				}), safehttp.Policy{}))
				var stalled *safehttp.IdleTimeoutError
				var timeout net.Error
				if tt.want == 0 && err != nil {
					t.Error(err)
				}
				if tt.want > 0 && (!errors.As(err, &stalled) || !errors.As(err, &timeout) || time.Since(begun) != tt.want) {
					t.Errorf("%v after %s", err, time.Since(begun))
				}
			})
		})
	}
}

func TestSlowReadersHaveTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		through := safehttp.New(answering(func(ctx context.Context) io.Reader { return &dripping{ctx.Done(), 1, time.Second, 5} }), safehttp.Policy{})
		req := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "https://registry.example.com/", nil)
		resp, err := through.RoundTrip(req)
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		for range 5 {
			if _, err := resp.Body.Read(make([]byte, 10)); err != nil {
				t.Error(err)
			}
			time.Sleep(time.Hour)
		}
	})
}

func TestBodiesThatDoNotEnd(t *testing.T) {
	endless := safehttp.New(answering(func(context.Context) io.Reader { return zeros{} }), safehttp.Policy{})
	for _, tt := range []struct {
		ctx  context.Context
		want int64
	}{
		{t.Context(), safehttp.BodyLimit},
		{safehttp.WithBodyLimit(t.Context(), 100), 100},
		{safehttp.WithBodyLimit(t.Context(), safehttp.BodyLimit+1), safehttp.BodyLimit + 1},
	} {
		n, err := read(tt.ctx, endless)
		var exceeded *bounded.ExceededError
		if n != tt.want || !errors.As(err, &exceeded) || exceeded.Limit != tt.want {
			t.Errorf("%d bytes, %v; want %d", n, err, tt.want)
		}
	}
	exact := safehttp.New(answering(func(context.Context) io.Reader { return strings.NewReader("four") }), safehttp.Policy{})
	if n, err := read(safehttp.WithBodyLimit(t.Context(), 4), exact); n != 4 || err != nil {
		t.Errorf("%d bytes of 4: %v", n, err)
	}
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) { return len(p), nil }

// TestCredentialsInClear checks that credentials are sent over plain HTTP only to hosts for
// which that is allowed.
func TestCredentialsInClear(t *testing.T) {
	inner := answering(func(context.Context) io.Reader { return strings.NewReader("") })
	plain := func(req *http.Request) bool { return req.URL.Host == "plain.example.com" }
	for _, tt := range []struct {
		method, address, header, value string
		ok                             bool
	}{
		{http.MethodGet, "http://a.example.com/", "Accept", "*/*", true},
		{http.MethodGet, "http://a.example.com/", "Authorization", "Basic secret", false},
		{http.MethodGet, "http://a.example.com/", "Cookie", "session=secret", false},
		{http.MethodPost, "http://a.example.com/token", "Content-Type", "application/x-www-form-urlencoded", false},
		{http.MethodGet, "http://plain.example.com/", "Authorization", "Basic secret", true},
		{http.MethodGet, "http://plain.example.com:8080/", "Authorization", "Basic secret", false},
		{http.MethodGet, "https://a.example.com/", "Authorization", "Basic secret", true},
	} {
		for name, policy := range map[string]safehttp.Policy{"some": {Plain: plain}, "none": {}} {
			req := httptest.NewRequestWithContext(t.Context(), tt.method, tt.address, nil)
			req.Header.Set(tt.header, tt.value)
			resp, err := safehttp.New(inner, policy).RoundTrip(req)
			if err == nil {
				resp.Body.Close()
			}
			var inClear *safehttp.ClearTextError
			want := tt.ok && (name == "some" || req.URL.Host != "plain.example.com")
			if want != (err == nil) || (err != nil && (!errors.As(err, &inClear) || strings.Contains(err.Error(), "secret"))) {
				t.Errorf("%s %s with %s, %s may: %v", tt.method, tt.address, tt.header, name, err)
			}
		}
	}
}
