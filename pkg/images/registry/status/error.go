// Package status interprets the answers of registries: class, description, remedy, and
// whether a retry may help. It sends no requests.
package status

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/google/go-containerregistry/pkg/v1/remote/transport"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/registry/rewrite"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/redact"
)

// Error is an answer with an unexpected status.
type Error struct {
	Answer *transport.Error
	Push   bool      // the registry is a target
	After  time.Time // time of Retry-After; zero: none
}

// Check returns an *Error unless the status of the answer is one of wanted. push is true if
// the registry is a target.
func Check(resp *http.Response, push bool, wanted ...int) error {
	return Of(transport.CheckError(resp, wanted...), push, RetryAfter(resp.Header, time.Now()))
}

// Of converts an error of go-containerregistry into an *Error, and returns other errors
// unchanged. after is the time of Retry-After, or zero if unknown.
func Of(err error, push bool, after time.Time) error {
	var known *Error
	var status *transport.Error
	if errors.As(err, &known) || !errors.As(err, &status) {
		return err
	}
	return &Error{Answer: status, Push: push, After: after}
}

func (e *Error) Error() string { return e.Answer.Error() }
func (e *Error) Unwrap() error { return e.Answer }

// Class returns the class of the error.
func (e *Error) Class() images.Class {
	if e.missing() != nothing {
		return images.ClassPolicy
	}
	switch code := e.Answer.StatusCode; {
	case code == http.StatusUnauthorized, code == http.StatusForbidden, code == http.StatusProxyAuthRequired:
		return images.ClassAuth
	case code == http.StatusTooManyRequests:
		return images.ClassRateLimit
	case code == http.StatusNotFound && !e.Push:
		return images.ClassNotFound
	case e.hasCode(transport.DigestInvalidErrorCode):
		return images.ClassDigest
	case code == http.StatusRequestTimeout, code >= http.StatusInternalServerError:
		return images.ClassNetwork
	default:
		return images.ClassPolicy
	}
}

// Remedy returns what to do, or "" for the remedy of the class.
func (e *Error) Remedy() string {
	switch e.missing() {
	case project:
		return images.RemedyCreateProject
	case repository:
		return images.RemedyCreateRepository
	default:
		return ""
	}
}

// Describe returns the status and the message of the registry.
func (e *Error) Describe() string {
	if !e.Push && e.Answer.StatusCode == http.StatusUnauthorized {
		return e.text() + " (some registries answer so for images that do not exist)"
	}
	return e.text()
}

func (e *Error) text() string {
	s := fmt.Sprintf("%d %s", e.Answer.StatusCode, strings.ToLower(http.StatusText(e.Answer.StatusCode)))
	for _, d := range e.Answer.Errors {
		if d.Message != "" && !strings.EqualFold(d.Message, http.StatusText(e.Answer.StatusCode)) {
			s += ", " + redact.Text(d.Message)
		}
	}
	return s
}

// Transient reports whether a retry may help.
func (e *Error) Transient() bool { return IsTransient(e.Answer.StatusCode) }

// RetryAfter returns the host and the time of its Retry-After, or a zero time.
func (e *Error) RetryAfter() (host string, at time.Time) {
	if e.Answer.Request != nil {
		host = rewrite.HostName(e.Answer.Request.URL.Host)
	}
	return host, e.After
}

// NotFound reports whether the answer is 404.
func (e *Error) NotFound() bool { return e.Answer.StatusCode == http.StatusNotFound }

// Refusal reports whether the registry refused the operation.
func (e *Error) Refusal() bool {
	return e.Answer.StatusCode < http.StatusInternalServerError && !IsTransient(e.Answer.StatusCode)
}

func (e *Error) hasCode(code transport.ErrorCode) bool {
	for _, d := range e.Answer.Errors {
		if d.Code == code {
			return true
		}
	}
	return false
}

// IsTransient reports whether a retry may help after a status.
func IsTransient(code int) bool {
	switch code {
	case http.StatusRequestTimeout, http.StatusTooManyRequests, http.StatusInternalServerError,
		http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout:
		return true
	default:
		return false
	}
}
