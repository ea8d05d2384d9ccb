package redact_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/redact"
)

func TestTexts(t *testing.T) {
	for _, tt := range []struct {
		name      string
		by        func(string) string
		text, got string
	}{
		{"addresses in a text", redact.Text, "get https://u:p@host/x?token=t: no route\nto host", "get https://host/x no route to host"},
		{"long texts", redact.Text, strings.Repeat("x", 500), strings.Repeat("x", 400) + "…"},
		{"an address", redact.Address, "https://u:p@host/charts/", "https://host/charts"},
		{"no address", redact.Address, "host/charts", "host/charts"},
		{"a user", redact.User, "u:p@host:3128", "***@host:3128"},
		{"no user", redact.User, "host:3128", "host:3128"},
	} {
		if got := tt.by(tt.text); got != tt.got {
			t.Errorf("%s: %q, want %q", tt.name, got, tt.got)
		}
	}
}

func TestRequests(t *testing.T) {
	u, err := url.Parse("https://u:p@host/v2/a/blobs/uploads/?digest=sha256:1&_state=s3cret#s3cret")
	if err != nil {
		t.Fatal(err)
	}
	if got, want := redact.URL(u), "https://host/v2/a/blobs/uploads/?_state=<masked>&digest=sha256:1"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
	headers := redact.Headers("request", http.Header{"Authorization": {"Bearer s3cret"}, "Location": {"/x?sig=s3cret"}})
	if strings.Contains(headers, "s3cret") || !strings.Contains(headers, "request Location: /x?sig=<masked>") {
		t.Errorf("%q", headers)
	}
}
