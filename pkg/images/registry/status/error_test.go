package status_test

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
	"reflect"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-containerregistry/pkg/v1/remote/transport"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/failure"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/registry/status"
)

func answer(code int, codes ...transport.ErrorCode) error { return answerTo(false, code, codes...) }

func answerTo(push bool, code int, codes ...transport.ErrorCode) error {
	err := &transport.Error{StatusCode: code}
	for _, c := range codes {
		err.Errors = append(err.Errors, transport.Diagnostic{Code: c})
	}
	return status.Of(err, push, time.Time{})
}

// streamError is like the hidden type of net/http for stream errors of HTTP/2.
type streamError struct {
	StreamID uint32
	Code     uint32
	Cause    error
}

func (e streamError) Error() string { return "stream error" }

// As behaves like the hidden type: it fills any struct with the same fields.
func (e streamError) As(target any) bool {
	at := reflect.ValueOf(target).Elem()
	if at.Kind() != reflect.Struct || at.NumField() != 3 || at.Type().Field(1).Name != "Code" {
		return false
	}
	at.Field(1).SetUint(uint64(e.Code))
	return true
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
		{"404 when pushing", &failure.OperationError{AtTarget: true, Err: answerTo(true, 404)}, images.ClassPolicy, false},
		{"404 when pulling", &failure.OperationError{Err: answer(404)}, images.ClassNotFound, false},
		{"400", answer(400), images.ClassPolicy, false},
		{"409", answer(409), images.ClassPolicy, false},
		{"413", answer(413), images.ClassPolicy, false},
		{"digest", answer(400, transport.DigestInvalidErrorCode), images.ClassDigest, false},
		{"429", answer(429, transport.TooManyRequestsErrorCode), images.ClassRateLimit, true},
		{"408", answer(408), images.ClassNetwork, true},
		{"500", answer(500), images.ClassNetwork, true},
		{"501", answer(501), images.ClassNetwork, false},
		{"503", answer(503), images.ClassNetwork, true},
		{"content", request(&failure.DigestError{}), images.ClassDigest, false},
		{"refusal", &failure.RejectedError{As: images.ClassPolicy}, images.ClassPolicy, false},
		{"certificate", request(&tls.CertificateVerificationError{Err: x509.UnknownAuthorityError{}}), images.ClassTLS, false},
		{"host name", request(x509.HostnameError{Certificate: &x509.Certificate{}}), images.ClassTLS, false},
		{"plain HTTP", request(http.ErrSchemeMismatch), images.ClassTLS, false},
		{"record", tls.RecordHeaderError{}, images.ClassTLS, false},
		{"reset", request(&net.OpError{Op: "read", Err: syscall.ECONNRESET}), images.ClassNetwork, true},
		{"refused", request(&net.OpError{Op: "dial", Err: syscall.ECONNREFUSED}), images.ClassNetwork, false},
		{"refused after success", request(&failure.InterruptedError{Err: &net.OpError{Op: "dial", Err: syscall.ECONNREFUSED}}), images.ClassNetwork, true},
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
			if got := failure.Classify(err); got != tt.want {
				t.Errorf("%s: got %q, want %q", tt.name, got, tt.want)
			}
			if got := failure.IsTransient(err); got != tt.transient {
				t.Errorf("%s: transient is %t, want %t", tt.name, got, tt.transient)
			}
			if failure.RemedyOf(err) == "" {
				t.Errorf("%s: no remedy", tt.name)
			}
		}
	}
}

func TestErrorsAreRedacted(t *testing.T) {
	inner := fmt.Errorf("get https://robot:s3cret@cdn.example.com/blob?X-Amz-Signature=s3cret&x=1: no route\nto host")
	err := &failure.OperationError{Doing: "pulling", Where: "quay.io/a:1", What: "blob sha256:1", Err: &url.Error{Op: "Get", URL: "https://u:s3cret@quay.io/v2?token=s3cret", Err: inner}}
	want := "pulling quay.io/a:1: blob sha256:1: get https://cdn.example.com/blob no route to host"
	if got := err.Error(); got != want {
		t.Errorf("got  %q\nwant %q", got, want)
	}
	answered := &transport.Error{StatusCode: 400, Errors: []transport.Diagnostic{{Message: "see https://x/?token=s3cret " + strings.Repeat("x", 1000)}}}
	if got := failure.Describe(status.Of(answered, true, time.Time{})); strings.Contains(got, "s3cret") || len(got) > 500 {
		t.Errorf("got %q", got)
	}
}
