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

// Classify returns the class of an error, from the error's method Class() images.Class.
// Errors of the standard library, safehttp and bounded have no such method and are
// classified by type. The class is "" if none fits.
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

// RemedyOf returns what to do about an error: from the error's method Remedy() string, or
// else the remedy of its class.
func RemedyOf(err error) string {
	var known interface{ Remedy() string }
	if errors.As(err, &known) {
		if remedy := known.Remedy(); remedy != "" {
			return remedy
		}
	}
	if fromArchive(err) {
		return carryAgain
	}
	return Classify(err).Remedy()
}

// IsTransient reports whether a retry may help, from the error's method Transient() bool.
// Without the method, broken connections are transient, and so is a cancellation, because
// another image that needed the same content may have caused it.
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

// RetryAfter returns the host that sent Retry-After, and the time, from the error's method
// RetryAfter() (string, time.Time). The time is zero without Retry-After.
func RetryAfter(err error) (host string, at time.Time) {
	var known interface{ RetryAfter() (string, time.Time) }
	if !errors.As(err, &known) {
		return "", time.Time{}
	}
	return known.RetryAfter()
}

// IsNotFound reports whether a manifest or blob does not exist, from the error's method
// NotFound() bool.
func IsNotFound(err error) bool {
	var known interface{ NotFound() bool }
	return errors.As(err, &known) && known.NotFound()
}

// IsGone reports whether a source does not have an image, or may not have it because it
// refused a request without credentials, from the error's method Gone() bool.
func IsGone(err error) bool {
	var known interface{ Gone() bool }
	return !IsAtTarget(err) && (errors.As(err, &known) && known.Gone() || IsNotFound(err))
}

// IsRefusal reports whether a registry refused an operation, from the error's method
// Refusal() bool.
func IsRefusal(err error) bool {
	var known interface{ Refusal() bool }
	return errors.As(err, &known) && known.Refusal()
}

// IsAtTarget reports whether an error occurred at the target.
func IsAtTarget(err error) bool {
	var operation *OperationError
	return errors.As(err, &operation) && operation.AtTarget
}

// Describe returns the cause of an error in one line, from the error's method Describe()
// string. It contains no HTTP methods, addresses or credentials.
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

// isBroken reports whether a connection broke, or had no answer in time.
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

// fromArchive reports whether an archive has other content than its digests say.
func fromArchive(err error) bool {
	var operation *OperationError
	var digest *DigestError
	return errors.As(err, &operation) && operation.Doing == "reading" && errors.As(err, &digest)
}
