package failure

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"net"
	"net/http"
	"syscall"

	"github.com/google/go-containerregistry/pkg/v1/remote/transport"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/bounded"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/archive/layout"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/safehttp"
)

// Classify returns the class of a failure, "" if it fits none.
func Classify(err error) images.Class {
	var refused *RefusalError
	var digest *DigestError
	var status *transport.Error
	var missing *layout.AbsentError
	var damaged *DamagedError
	var saved *layout.DamagedError
	var full *layout.FullError
	var exceeded *bounded.ExceededError
	var redirect *safehttp.RedirectError
	var inClear *safehttp.ClearTextError
	switch {
	case errors.As(err, &refused):
		return refused.Class
	case errors.As(err, &missing):
		return images.ClassNotFound
	case errors.As(err, &exceeded), errors.As(err, &redirect):
		return images.ClassPolicy
	case errors.As(err, &inClear):
		return images.ClassTLS
	case errors.As(err, &damaged), errors.As(err, &saved):
		return images.ClassDigest
	case errors.As(err, &full), errors.Is(err, syscall.ENOSPC):
		return images.ClassDisk
	case errors.As(err, &digest):
		return images.ClassDigest
	case errors.As(err, &status):
		if IsMissingPlace(err) {
			return images.ClassPolicy
		}
		return classOfStatus(status, IsPush(err))
	case IsTLS(err):
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

// IsPush tells whether a failure happened at the target.
func IsPush(err error) bool {
	var step *StepError
	return errors.As(err, &step) && step.Push
}

// IsTLS tells whether a connection failed for its certificate or lack of TLS.
func IsTLS(err error) bool {
	var (
		verify    *tls.CertificateVerificationError
		authority x509.UnknownAuthorityError
		hostname  x509.HostnameError
		invalid   x509.CertificateInvalidError
		alert     tls.AlertError
	)
	return IsPlain(err) || errors.As(err, &verify) || errors.As(err, &authority) || errors.As(err, &hostname) ||
		errors.As(err, &invalid) || errors.As(err, &alert)
}

// IsPlain tells whether a server answered a TLS handshake with something else.
func IsPlain(err error) bool {
	var record tls.RecordHeaderError
	return errors.Is(err, http.ErrSchemeMismatch) || errors.As(err, &record)
}

func isNetwork(err error) bool {
	var timeout net.Error
	var stream streamError
	var broken *BrokenError
	var errno syscall.Errno
	return errors.As(err, &broken) || errors.As(err, &timeout) || errors.As(err, &stream) || errors.As(err, &errno) ||
		errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF)
}

// IsAbsent tells whether a registry said that there is no such thing.
func IsAbsent(err error) bool {
	var missing *layout.AbsentError
	if errors.As(err, &missing) {
		return true
	}
	var status *transport.Error
	var session *SessionError
	return errors.As(err, &status) && status.StatusCode == http.StatusNotFound && !errors.As(err, &session)
}

// IsRefusal tells whether a registry answered that it will not do that.
func IsRefusal(err error) bool {
	var status *transport.Error
	return errors.As(err, &status) && status.StatusCode < http.StatusInternalServerError && !IsTransientStatus(status.StatusCode)
}

// IsRefused tells whether a registry said that it has no such thing, or will not say.
func IsRefused(err error) bool { return IsAbsent(err) || IsRefusal(err) }
