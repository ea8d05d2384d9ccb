package failure

import (
	"context"
	"errors"
	"io"
	"net"
	"net/url"
	"syscall"
	"time"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/bounded"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/redact"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/safehttp"
)

// Classify returns the class of a failure, as the error tells it (Class() images.Class).
// Errors of Go and of packages that know no classes cannot, and are known by their types. It is "" if the
// failure fits no class.
func Classify(err error) images.Class {
	var classed interface{ Class() images.Class }
	var exceeded *bounded.ExceededError
	var redirect *safehttp.RedirectError
	var inClear *safehttp.ClearTextError
	switch {
	case errors.As(err, &classed):
		return classed.Class()
	case errors.As(err, &exceeded), errors.As(err, &redirect):
		return images.ClassPolicy
	case errors.As(err, &inClear):
		return images.ClassTLS
	case errors.Is(err, syscall.ENOSPC):
		return images.ClassDisk
	case IsTLS(err):
		return images.ClassTLS
	case isConnection(err):
		return images.ClassNetwork
	default:
		return ""
	}
}

// RemedyOf is what to do about a failure: what the error says (Remedy() string), or else
// what helps against its class.
func RemedyOf(err error) string {
	var known interface{ Remedy() string }
	if errors.As(err, &known) {
		if remedy := known.Remedy(); remedy != "" {
			return remedy
		}
	}
	return Classify(err).Remedy()
}

// IsTransient tells whether the same request may succeed later, as the error tells it
// (Transient() bool). Connections that break off may, and so may what was canceled for
// another image that wanted the same.
func IsTransient(err error) bool {
	var known interface{ Transient() bool }
	switch {
	case errors.As(err, &known):
		return known.Transient()
	case IsTLS(err):
		return false
	case errors.Is(err, context.Canceled):
		return true
	default:
		return isBroken(err)
	}
}

// RetryAfter is when a host asks to try again, as the error tells it (RetryAfter() (string,
// time.Time)). The time is zero if it does not.
func RetryAfter(err error) (host string, at time.Time) {
	var known interface{ RetryAfter() (string, time.Time) }
	if !errors.As(err, &known) {
		return "", time.Time{}
	}
	return known.RetryAfter()
}

// IsNotFound tells whether there is no such thing, as the error tells it (NotFound() bool).
func IsNotFound(err error) bool {
	var known interface{ NotFound() bool }
	return errors.As(err, &known) && known.NotFound()
}

// IsGone tells whether a source said that it has no such thing, or would not say so to
// somebody without credentials, as the error tells it (Gone() bool).
func IsGone(err error) bool {
	var known interface{ Gone() bool }
	return !IsAtTarget(err) && (errors.As(err, &known) && known.Gone() || IsNotFound(err))
}

// IsRefusal tells whether a registry answered that it will not do that, as the error tells
// it (Refusal() bool).
func IsRefusal(err error) bool {
	var known interface{ Refusal() bool }
	return errors.As(err, &known) && known.Refusal()
}

// IsAtTarget tells whether a failure happened where something is written.
func IsAtTarget(err error) bool {
	var operation *OperationError
	return errors.As(err, &operation) && operation.AtTarget
}

// Describe is the cause of a failure in one line, without methods, addresses and
// credentials, as the error tells it (Describe() string).
func Describe(err error) string {
	var known interface{ Describe() string }
	var request *url.Error
	switch {
	case errors.As(err, &known):
		return known.Describe()
	case IsPlain(err):
		return "the server speaks plain HTTP, not HTTPS"
	case errors.As(err, &request):
		return redact.Text(request.Err.Error())
	default:
		return redact.Text(err.Error())
	}
}

// isBroken tells whether a connection broke off, or was not answered in time.
func isBroken(err error) bool {
	var dns *net.DNSError
	if errors.As(err, &dns) {
		return dns.IsTemporary || dns.IsTimeout
	}
	var stream streamError
	var timeout net.Error
	if errors.As(err, &stream) || (errors.As(err, &timeout) && timeout.Timeout()) {
		return true
	}
	for _, lost := range []error{io.EOF, io.ErrUnexpectedEOF, syscall.ECONNRESET, syscall.ECONNABORTED, syscall.EPIPE, net.ErrClosed} {
		if errors.Is(err, lost) {
			return true
		}
	}
	return false
}
