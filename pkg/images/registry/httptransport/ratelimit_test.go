package httptransport

import (
	"net/http"
	"testing"
	"time"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/registry/pace"
)

func TestQuotaOf(t *testing.T) {
	for remaining, want := range map[string]Quota{
		"76;w=21600":            {Limit: 100, Remaining: 76, Window: 6 * time.Hour},
		" 0 ; w=60":             {Limit: 100, Window: time.Minute},
		"":                      {},
		"76":                    {},
		"-1;w=21600":            {},
		"76;w=0":                {},
		"76;w=-5":               {},
		"76;w=99999999999":      {},
		"9999999999999;w=21600": {},
		"many;w=many":           {},
	} {
		got, ok := quotaOf(http.Header{"Ratelimit-Limit": {"100;w=21600"}, "Ratelimit-Remaining": {remaining}})
		if got != want || ok != (want.Window > 0) {
			t.Errorf("%q: %+v, %t", remaining, got, ok)
		}
	}
}

// host is a host whose answers arrive when the test says so.
type host struct {
	begun   chan struct{}
	answers map[string]chan string // remaining pulls, by path
}

// RoundTrip implements http.RoundTripper.
func (h host) RoundTrip(req *http.Request) (*http.Response, error) {
	h.begun <- struct{}{}
	header := http.Header{"Ratelimit-Limit": {"100;w=21600"}, "Ratelimit-Remaining": {<-h.answers[req.URL.Path] + ";w=21600"}}
	return &http.Response{StatusCode: http.StatusOK, Header: header, Body: http.NoBody, Request: req}, nil
}

// TestQuotaOfConcurrentRequests checks which quota counts when answers arrive in another order than
// the host has counted the requests, and when the host begins a new window.
func TestQuotaOfConcurrentRequests(t *testing.T) {
	h := host{begun: make(chan struct{}), answers: map[string]chan string{}}
	for _, path := range []string{"/1", "/2", "/3", "/4", "/5"} {
		h.answers[path] = make(chan string)
	}
	client := New(h, pace.New(nil), time.Minute)
	begin := func(path string) (answer func(remaining string)) {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "https://hub.example"+path, http.NoBody)
		if err != nil {
			t.Fatal(err)
		}
		done := make(chan error)
		go func() {
			resp, err := client.RoundTrip(req)
			if err == nil {
				err = resp.Body.Close()
			}
			done <- err
		}()
		<-h.begun
		return func(remaining string) {
			t.Helper()
			h.answers[path] <- remaining
			if err := <-done; err != nil {
				t.Fatal(err)
			}
		}
	}
	want := func(remaining int) {
		t.Helper()
		if got, ok := client.Quota("hub.example"); !ok || got != (Quota{Limit: 100, Remaining: remaining, Window: 6 * time.Hour}) {
			t.Errorf("%+v, want %d remaining", got, remaining)
		}
	}
	first, second, third := begin("/1"), begin("/2"), begin("/3")
	second("89")
	want(89)
	first("90")
	want(89)
	later := begin("/4")
	third("88")
	want(88)
	later("87")
	want(87)
	begin("/5")("100")
	want(100)
}

// FuzzQuota checks that a quota is within its bounds, for any header.
func FuzzQuota(f *testing.F) {
	f.Add("76;w=21600")
	f.Add("-1;w=18446744073709551615")
	f.Fuzz(func(t *testing.T, header string) {
		pulls, window, ok := parseQuota(header)
		if pulls < 0 || pulls > maxPulls || window < 0 || window > maxWindow || ok != (window > 0) {
			t.Errorf("%q: %d in %s, %t", header, pulls, window, ok)
		}
	})
}
