package failure

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"syscall"

	"github.com/google/go-containerregistry/pkg/v1/remote/transport"
)

// IsTransient tells whether the same request may succeed later.
func IsTransient(err error) bool {
	var status *transport.Error
	var refused *RefusalError
	var digest *DigestError
	var again *AgainError
	var long *LongWaitError
	switch {
	case errors.As(err, &again) && !errors.As(err, &long):
		return true
	case errors.As(err, &refused), errors.As(err, &digest), errors.As(err, &long):
		return false
	case errors.As(err, &status):
		return IsTransientStatus(status.StatusCode)
	case IsTLS(err):
		return false
	default:
		return isTransientFault(err)
	}
}

// IsTransientStatus tells whether the same request may have another answer later.
func IsTransientStatus(code int) bool {
	switch code {
	case http.StatusRequestTimeout, http.StatusTooManyRequests, http.StatusInternalServerError,
		http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout:
		return true
	default:
		return false
	}
}

func isTransientFault(err error) bool {
	var dns *net.DNSError
	if errors.As(err, &dns) {
		return dns.IsTemporary || dns.IsTimeout
	}
	var broken *BrokenError
	var stream streamError
	var timeout net.Error
	switch {
	case errors.As(err, &broken), errors.As(err, &stream):
		return true
	case errors.As(err, &timeout) && timeout.Timeout():
		return true
	case errors.Is(err, context.Canceled): // another image's, whose request this one shared
		return true
	}
	for _, lost := range []error{io.EOF, io.ErrUnexpectedEOF, syscall.ECONNRESET, syscall.ECONNABORTED, syscall.EPIPE, net.ErrClosed} {
		if errors.Is(err, lost) {
			return true
		}
	}
	return false
}
