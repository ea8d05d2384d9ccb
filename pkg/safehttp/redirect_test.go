package safehttp_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/safehttp"
)

// redirecting answers with the redirects in its map, and records requests.
type redirecting struct {
	to    map[string]string // address → address
	asked []string          // method, address, and credentials
}

// RoundTrip implements http.RoundTripper.
func (r *redirecting) RoundTrip(req *http.Request) (*http.Response, error) {
	r.asked = append(r.asked, strings.TrimSpace(req.Method+" "+req.URL.String()+" "+req.Header.Get("Authorization")))
	resp := &http.Response{StatusCode: http.StatusOK, Body: http.NoBody, Request: req, Header: http.Header{}}
	if to, ok := r.to[req.URL.String()]; ok {
		resp.StatusCode = http.StatusTemporaryRedirect
		resp.Header.Set("Location", to)
	}
	return resp, nil
}

func TestRedirects(t *testing.T) {
	const start = "https://a.example.com/1"
	for name, tt := range map[string]struct {
		method string
		hops   []string
		last   string // last request
		why    string // of the error; "": none
	}{
		"the same server":      {"GET", []string{"/2"}, "GET https://a.example.com/2 Basic secret", ""},
		"its port by name":     {"GET", []string{"https://a.example.com:443/2"}, "GET https://a.example.com:443/2 Basic secret", ""},
		"another port":         {"GET", []string{"https://a.example.com:8443/2"}, "GET https://a.example.com:8443/2", ""},
		"a host below":         {"GET", []string{"https://b.a.example.com/2"}, "GET https://b.a.example.com/2", ""},
		"another host":         {"GET", []string{"https://b.example.com/2"}, "GET https://b.example.com/2", ""},
		"there and back":       {"GET", []string{"https://b.example.com/2", "https://a.example.com/3"}, "GET https://a.example.com/3", ""},
		"without encryption":   {"GET", []string{"http://a.example.com/2"}, "GET " + start + " Basic secret", "encrypted"},
		"later without":        {"GET", []string{"https://b.example.com/2", "http://b.example.com/3"}, "GET https://b.example.com/2", "encrypted"},
		"a HEAD elsewhere":     {"HEAD", []string{"https://b.example.com/2"}, "HEAD https://b.example.com/2", ""},
		"a DELETE elsewhere":   {"DELETE", []string{"https://b.example.com/2"}, "DELETE " + start + " Basic secret", "DELETE"},
		"a POST to a port":     {"POST", []string{"https://a.example.com:8443/2"}, "POST https://a.example.com:8443/2", ""},
		"a POST to an address": {"POST", []string{"https://169.254.169.254/2"}, "POST " + start + " Basic secret", "POST"},
	} {
		t.Run(name, func(t *testing.T) {
			servers := &redirecting{to: map[string]string{}}
			for at, i := start, 0; i < len(tt.hops); at, i = tt.hops[i], i+1 {
				servers.to[at] = tt.hops[i]
			}
			for what, client := range map[string]*http.Client{
				"its client": safehttp.NewClient(safehttp.New(servers, safehttp.Policy{})),
				"its policy": {Transport: servers, CheckRedirect: safehttp.CheckRedirect},
			} {
				servers.asked = nil
				err := do(t.Context(), client, tt.method, start)
				var refused *safehttp.RedirectError
				if (tt.why == "") != (err == nil) || (err != nil && (!errors.As(err, &refused) || !strings.Contains(refused.Why, tt.why))) {
					t.Errorf("%s: %v, want %q", what, err, tt.why)
				}
				if last := servers.asked[len(servers.asked)-1]; last != tt.last {
					t.Errorf("%s: the last request is %s, want %s", what, last, tt.last)
				}
			}
		})
	}
}

// TestClientsOfOthers checks that the policy also holds for a client with its own redirect
// policy.
func TestClientsOfOthers(t *testing.T) {
	servers := &redirecting{to: map[string]string{"https://a.example.com/": "http://a.example.com/"}}
	lax := &http.Client{Transport: safehttp.New(servers, safehttp.Policy{}), CheckRedirect: func(*http.Request, []*http.Request) error { return nil }}
	var refused *safehttp.RedirectError
	if err := do(t.Context(), lax, http.MethodGet, "https://a.example.com/"); !errors.As(err, &refused) || len(servers.asked) != 1 {
		t.Errorf("%v after %q", err, servers.asked)
	}
}

func TestRedirectsWithoutEnd(t *testing.T) {
	asked := 0
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked++
		http.Redirect(w, r, "/again", http.StatusFound)
	}))
	t.Cleanup(srv.Close)
	var refused *safehttp.RedirectError
	if err := do(t.Context(), safehttp.NewClient(srv.Client().Transport), http.MethodGet, srv.URL); !errors.As(err, &refused) || asked != 11 {
		t.Errorf("%v after %d requests", err, asked)
	}
}

// do sends a request with credentials.
func do(ctx context.Context, client *http.Client, method, address string) error {
	req, err := http.NewRequestWithContext(ctx, method, address, nil)
	if err != nil {
		return err
	}
	req.Header.Set("Authorization", "Basic secret")
	resp, err := client.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	_, err = io.Copy(io.Discard, resp.Body)
	return err
}
