package transfer

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-containerregistry/pkg/v1/remote/transport"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images"
)

func answer(code int, codes ...transport.ErrorCode) error {
	err := &transport.Error{StatusCode: code}
	for _, c := range codes {
		err.Errors = append(err.Errors, transport.Diagnostic{Code: c})
	}
	return err
}

func TestClassify(t *testing.T) {
	request := func(err error) error { return &url.Error{Op: "Get", URL: "https://x/?sig=1", Err: err} }
	tests := []struct {
		name      string
		err       error
		want      images.Class
		transient bool
	}{
		{"401", answer(401), images.ClassAuth, false},
		{"403", answer(403), images.ClassAuth, false},
		{"407", answer(407), images.ClassAuth, false},
		{"404", answer(404), images.ClassNotFound, false},
		{"404 when pushing", &stepError{push: true, err: answer(404)}, images.ClassPolicy, false},
		{"404 when pulling", &stepError{err: answer(404)}, images.ClassNotFound, false},
		{"400", answer(400), images.ClassPolicy, false},
		{"409", answer(409), images.ClassPolicy, false},
		{"413", answer(413), images.ClassPolicy, false},
		{"digest", answer(400, transport.DigestInvalidErrorCode), images.ClassDigest, false},
		{"429", answer(429, transport.TooManyRequestsErrorCode), images.ClassRateLimit, true},
		{"408", answer(408), images.ClassNetwork, true},
		{"500", answer(500), images.ClassNetwork, true},
		{"501", answer(501), images.ClassNetwork, false},
		{"503", answer(503), images.ClassNetwork, true},
		{"content", request(&digestError{}), images.ClassDigest, false},
		{"refusal", &refusalError{class: images.ClassPolicy}, images.ClassPolicy, false},
		{"certificate", request(&tls.CertificateVerificationError{Err: x509.UnknownAuthorityError{}}), images.ClassTLS, false},
		{"host name", request(x509.HostnameError{Certificate: &x509.Certificate{}}), images.ClassTLS, false},
		{"plain HTTP", request(http.ErrSchemeMismatch), images.ClassTLS, false},
		{"record", tls.RecordHeaderError{}, images.ClassTLS, false},
		{"reset", request(&net.OpError{Op: "read", Err: syscall.ECONNRESET}), images.ClassNetwork, true},
		{"refused", request(&net.OpError{Op: "dial", Err: syscall.ECONNREFUSED}), images.ClassNetwork, false},
		{"refused after success", request(&brokenError{&net.OpError{Op: "dial", Err: syscall.ECONNREFUSED}}), images.ClassNetwork, true},
		{"EOF", request(io.EOF), images.ClassNetwork, true},
		{"short", request(io.ErrUnexpectedEOF), images.ClassNetwork, true},
		{"timeout", request(&net.OpError{Op: "dial", Err: context.DeadlineExceeded}), images.ClassNetwork, true},
		{"no such host", request(&net.DNSError{IsNotFound: true}), images.ClassNetwork, false},
		{"DNS is down", request(&net.DNSError{IsTemporary: true}), images.ClassNetwork, true},
		{"HTTP/2", streamError{Code: 2}, images.ClassNetwork, true},
		{"other", errors.New("other"), "", false},
	}
	for _, tt := range tests {
		for _, err := range []error{tt.err, fmt.Errorf("wrapped: %w", tt.err)} {
			if got := Classify(err); got != tt.want {
				t.Errorf("%s: got %q, want %q", tt.name, got, tt.want)
			}
			if got := isTransient(err); got != tt.transient {
				t.Errorf("%s: transient is %t, want %t", tt.name, got, tt.transient)
			}
			if remedyOf(err) == "" {
				t.Errorf("%s: no remedy", tt.name)
			}
		}
	}
}

func TestErrorsAreRedacted(t *testing.T) {
	inner := fmt.Errorf("get https://robot:s3cret@cdn.example.com/blob?X-Amz-Signature=s3cret&x=1: no route\nto host")
	err := &stepError{doing: "pulling", where: "quay.io/a:1", what: "blob sha256:1", err: &url.Error{Op: "Get", URL: "https://u:s3cret@quay.io/v2?token=s3cret", Err: inner}}
	want := "pulling quay.io/a:1: blob sha256:1: get https://cdn.example.com/blob no route to host"
	if got := err.Error(); got != want {
		t.Errorf("got  %q\nwant %q", got, want)
	}
	status := &transport.Error{StatusCode: 400, Errors: []transport.Diagnostic{{Message: "see https://x/?token=s3cret " + strings.Repeat("x", 1000)}}}
	if got := describe(status, true); strings.Contains(got, "s3cret") || len(got) > 500 {
		t.Errorf("got %q", got)
	}
}

func TestWish(t *testing.T) {
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
		var w wish
		w.note(tt.header, now)
		if got, ok := w.wait(); ok != tt.ok || got > tt.want || got < tt.want-2*time.Second {
			t.Errorf("%q: got %s, %t; want %s, %t", tt.header, got, ok, tt.want, tt.ok)
		}
	}
}

func TestBackoff(t *testing.T) {
	p := NewRegistries(Config{}).retry
	for attempt, want := range map[int]time.Duration{1: 500 * time.Millisecond, 2: time.Second, 4: 4 * time.Second, 20: 30 * time.Second} {
		if got := p.backoff(attempt); got < want*3/4 || got > want*5/4 {
			t.Errorf("after attempt %d: %s, want about %s", attempt, got, want)
		}
	}
}

func TestMayBePlain(t *testing.T) {
	r := NewRegistries(Config{PlainHTTP: []string{"registry.lan:5000"}})
	for host, want := range map[string]bool{
		"localhost": true, "localhost:5000": true, "a.localhost:1": true, "127.0.0.1:5000": true, "127.0.0.2": true, "[::1]:5000": true,
		"registry.lan:5000": true, "registry.lan": false, "10.0.0.1:5000": false, "quay.io": false,
	} {
		if got := r.mayBePlain(host); got != want {
			t.Errorf("%s: got %t", host, got)
		}
	}
}
