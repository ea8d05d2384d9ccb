// Package status knows what the answers of registries mean: of which class a status is,
// what the registry says about it, what to do, and whether another try may help. It sends
// no requests.
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

// Error is a status that is not what was wanted.
type Error struct {
	Answer *transport.Error
	Push   bool      // it is the answer of a registry that is written to
	After  time.Time // when the registry asks to try again, zero if it does not say
}

// Check returns an *Error unless an answer has one of some statuses. push says that it is
// that of a registry that is written to.
func Check(resp *http.Response, push bool, wanted ...int) error {
	return Of(transport.CheckError(resp, wanted...), push, RetryAfter(resp.Header, time.Now()))
}

// Of returns an error of go-containerregistry as one that tells what it means; another
// error stays as it is. after is when the registry asks to try again, zero if that is not
// known.
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

// Class tells the class of the error.
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

// Remedy is what to do about it, "" for what helps against the class.
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

// Describe is the status, and what the registry said about it.
func (e *Error) Describe() string {
	if !e.Push && e.Answer.StatusCode == http.StatusUnauthorized {
		return e.text() + " (some registries answer so if there is no such image)"
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

// Transient tells whether the same request may have another answer later.
func (e *Error) Transient() bool { return IsTransient(e.Answer.StatusCode) }

// RetryAfter is when the host that has answered asks to try again, zero if it does not say.
func (e *Error) RetryAfter() (host string, at time.Time) {
	if e.Answer.Request != nil {
		host = rewrite.HostName(e.Answer.Request.URL.Host)
	}
	return host, e.After
}

// NotFound tells whether the registry said that there is no such thing.
func (e *Error) NotFound() bool { return e.Answer.StatusCode == http.StatusNotFound }

// Refusal tells whether the registry answered that it will not do that.
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

// IsTransient tells whether the request that a status answers may have another answer
// later.
func IsTransient(code int) bool {
	switch code {
	case http.StatusRequestTimeout, http.StatusTooManyRequests, http.StatusInternalServerError,
		http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout:
		return true
	default:
		return false
	}
}
