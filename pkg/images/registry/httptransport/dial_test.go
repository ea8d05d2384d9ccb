package httptransport_test

import (
	"context"
	"errors"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/failure"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/registry/httptransport"
)

// TestLinkLocalAddressesAreNotAsked checks that link-local addresses are refused, directly
// and after a redirect, unless the user has named the host.
func TestLinkLocalAddressesAreNotAsked(t *testing.T) {
	redirect := httptest.NewServer(http.RedirectHandler("https://169.254.169.254/latest", http.StatusFound))
	t.Cleanup(redirect.Close)
	for _, address := range []string{redirect.URL, "https://169.254.169.254/latest", "https://[fe80::1]/", "https://[::ffff:169.254.1.1]:8443/"} {
		base := httptransport.NewBase(nil, false, 0)
		base.Proxy = nil                                       // the proxy would receive the request instead
		_, err := (&http.Client{Transport: base}).Get(address) //nolint:bodyclose,noctx // there is no answer
		var refused *failure.RejectedError
		if !errors.As(err, &refused) || refused.As != images.ClassPolicy || !strings.Contains(err.Error(), "link-local address") {
			t.Errorf("%s: %v", address, err)
		}
	}
}

// TestNamedHostsAreDialed checks that the rule allows hosts that the user has named, and
// applies after name resolution.
func TestNamedHostsAreDialed(t *testing.T) {
	never := func(string) bool { return false }
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	for _, test := range []struct {
		address string
		named   func(string) bool
		refused bool
	}{
		{listener.Addr().String(), never, false},
		{"169.254.0.1:1", never, true},
		{"169.254.0.1:1", func(host string) bool { return host == "169.254.0.1:1" }, false},
		{"169.254.0.1:80", func(host string) bool { return host == "169.254.0.1" }, false},
		{"169.254.0.1:1", func(host string) bool { return host == "169.254.0.1" }, true},
		{"[fe80::1]:1", never, true},
	} {
		ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
		conn, err := httptransport.Dial(test.named)(ctx, "tcp", test.address)
		cancel()
		if conn != nil {
			conn.Close()
		}
		var refused *failure.RejectedError
		if errors.As(err, &refused) != test.refused {
			t.Errorf("%s: %v, refused is to be %t", test.address, err, test.refused)
		}
	}
}
