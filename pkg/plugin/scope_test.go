package plugin_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
)

// TestNothingIsDiscoveredForNoVersion asks for versions that no user cluster has, and wants no
// server to be asked for anything.
func TestNothingIsDiscoveredForNoVersion(t *testing.T) {
	var requests atomic.Int64
	server := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { requests.Add(1) }))
	defer server.Close()
	file := applications(t, server.URL, map[string]string{"web": "tag: v1"})
	got := run(t, "images", "-f", file, "--source", "applications", "--version-filter", ">9")
	if got.code != 2 || !strings.Contains(got.stderr, "no Kubernetes version in scope satisfies the constraint; versions in scope: 1.34.9") {
		t.Errorf("%d: %s", got.code, got.stderr)
	}
	if n := requests.Load(); n > 0 {
		t.Errorf("%d requests were made", n)
	}
}
