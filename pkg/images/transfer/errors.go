package transfer

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"syscall"

	"github.com/google/go-containerregistry/pkg/v1/remote/transport"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/transfer/archives"
)

// stepError says what was tried on what.
type stepError struct {
	doing string // "pulling", "pushing"
	where string // the reference, and through which registry
	what  string // the part of the image; "" if it is the image itself
	push  bool   // it happened at the target
	err   error
}

func (e *stepError) Error() string {
	s := e.doing + " " + e.where + ": "
	if e.what != "" {
		s += e.what + ": "
	}
	return s + describe(e.err, e.push)
}

func (e *stepError) Unwrap() error { return e.err }

// sessionError says that a registry could not be talked to at all.
type sessionError struct {
	host string
	err  error
}

func (e *sessionError) Error() string { return e.describe(true) }
func (e *sessionError) Unwrap() error { return e.err }

func (e *sessionError) describe(push bool) string {
	if Classify(e.err) == images.ClassAuth {
		return "logging in to " + e.host + ": " + describe(e.err, push)
	}
	return "reaching " + e.host + ": " + describe(e.err, push)
}

// digestError says that content is not what its digest says.
type digestError struct{ want, got string }

func (e *digestError) Error() string {
	return fmt.Sprintf("the content of %s is %s", e.want, e.got)
}

// refusalError is an image that this package will not copy.
type refusalError struct {
	class  images.Class
	msg    string
	remedy string
}

func (e *refusalError) Error() string { return e.msg }

// againError is an answer that is worth another try, other than its status says.
type againError struct{ err error }

func (e *againError) Error() string { return e.err.Error() }
func (e *againError) Unwrap() error { return e.err }

// brokenError is a response that ended too early.
type brokenError struct{ err error }

func (e *brokenError) Error() string { return "the connection broke off: " + e.err.Error() }
func (e *brokenError) Unwrap() error { return e.err }

// streamError catches the stream errors of HTTP/2, whose own type net/http hides: it
// fills any struct with these fields through errors.As.
type streamError struct {
	StreamID uint32
	Code     uint32
	Cause    error
}

func (e streamError) Error() string { return fmt.Sprintf("stream %d: code %d", e.StreamID, e.Code) }

// Classify returns the class of a failure, "" if it fits none.
func Classify(err error) images.Class {
	var refused *refusalError
	var digest *digestError
	var status *transport.Error
	var missing *archives.AbsentError
	var damaged *damagedError
	var full *archives.FullError
	switch {
	case errors.As(err, &refused):
		return refused.class
	case errors.As(err, &missing):
		return images.ClassNotFound
	case errors.As(err, &damaged):
		return images.ClassDigest
	case errors.As(err, &full), errors.Is(err, syscall.ENOSPC):
		return images.ClassDisk
	case errors.As(err, &digest):
		return images.ClassDigest
	case errors.As(err, &status):
		return classOfStatus(status, isPush(err))
	case isTLS(err):
		return images.ClassTLS
	case isNetwork(err):
		return images.ClassNetwork
	default:
		return ""
	}
}

func classOfStatus(e *transport.Error, push bool) images.Class {
	switch code := e.StatusCode; {
	case code == http.StatusUnauthorized, code == http.StatusForbidden, code == http.StatusProxyAuthRequired:
		return images.ClassAuth
	case code == http.StatusTooManyRequests:
		return images.ClassRateLimit
	case code == http.StatusNotFound && !push:
		return images.ClassNotFound
	case hasCode(e, transport.DigestInvalidErrorCode):
		return images.ClassDigest
	case code == http.StatusRequestTimeout, code >= http.StatusInternalServerError:
		return images.ClassNetwork
	default:
		return images.ClassPolicy
	}
}

func hasCode(e *transport.Error, code transport.ErrorCode) bool {
	for _, d := range e.Errors {
		if d.Code == code {
			return true
		}
	}
	return false
}

func isPush(err error) bool {
	var step *stepError
	return errors.As(err, &step) && step.push
}

// isTLS tells whether a connection failed for its certificate or lack of TLS.
func isTLS(err error) bool {
	var (
		verify    *tls.CertificateVerificationError
		authority x509.UnknownAuthorityError
		hostname  x509.HostnameError
		invalid   x509.CertificateInvalidError
		alert     tls.AlertError
	)
	return isPlain(err) || errors.As(err, &verify) || errors.As(err, &authority) || errors.As(err, &hostname) ||
		errors.As(err, &invalid) || errors.As(err, &alert)
}

// isPlain tells whether a server answered a TLS handshake with something else.
func isPlain(err error) bool {
	var record tls.RecordHeaderError
	return errors.Is(err, http.ErrSchemeMismatch) || errors.As(err, &record)
}

func isNetwork(err error) bool {
	var timeout net.Error
	var stream streamError
	var broken *brokenError
	var errno syscall.Errno
	return errors.As(err, &broken) || errors.As(err, &timeout) || errors.As(err, &stream) || errors.As(err, &errno) ||
		errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF)
}
