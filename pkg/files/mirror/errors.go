package mirror

import (
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images"
)

// Class is the class of the failure.
func (e *ChecksumError) Class() images.Class { return images.ClassDigest }

// Transient tells that another try does not help.
func (e *ChecksumError) Transient() bool { return false }

// Remedy is what to do.
func (e *ChecksumError) Remedy() string {
	return "nothing was kept: the file or its checksum was altered on the way, or upstream is wrong; run the same command again, or compare with another source (--url-map)"
}

// StatusError is an answer that is not the file.
type StatusError struct {
	Host   string
	Code   int
	Status string
	after  time.Time
}

func statusError(resp *http.Response) *StatusError {
	e := &StatusError{Host: resp.Request.URL.Host, Code: resp.StatusCode, Status: resp.Status}
	text := strings.TrimSpace(resp.Header.Get("Retry-After"))
	if seconds, err := strconv.Atoi(text); err == nil && seconds >= 0 {
		e.after = time.Now().Add(time.Duration(seconds) * time.Second)
	} else if at, err := http.ParseTime(text); err == nil {
		e.after = at
	}
	return e
}

func (e *StatusError) Error() string { return e.Host + " answers " + e.Status }

// Class is the class of the failure.
func (e *StatusError) Class() images.Class {
	switch e.Code {
	case http.StatusNotFound, http.StatusGone:
		return images.ClassNotFound
	case http.StatusUnauthorized, http.StatusForbidden:
		return images.ClassAuth
	case http.StatusTooManyRequests:
		return images.ClassRateLimit
	}
	return images.ClassNetwork
}

// Transient tells whether another try may help.
func (e *StatusError) Transient() bool {
	return e.Code >= 500 && e.Code != http.StatusNotImplemented || e.Code == http.StatusTooManyRequests || e.Code == http.StatusRequestTimeout
}

// RetryAfter is who wants another try, and when.
func (e *StatusError) RetryAfter() (host string, at time.Time) { return e.Host, e.after }

// Remedy is what to do.
func (e *StatusError) Remedy() string {
	if e.Code == http.StatusNotFound || e.Code == http.StatusGone {
		return "the file does not exist: check the version in the profile, or name another source with --url-map"
	}
	return "check the server, the proxy (HTTPS_PROXY, NO_PROXY) and --url-map, then run the same command again"
}

// ofChecksum says that not the file, but its checksum failed.
func ofChecksum(err error) error { return fmt.Errorf("its checksum: %w", err) }

// isMismatch tells whether a checksum does not fit.
func isMismatch(err error) bool {
	var mismatch *ChecksumError
	return errors.As(err, &mismatch)
}
