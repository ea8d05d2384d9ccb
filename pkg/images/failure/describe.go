package failure

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"strings"

	"github.com/google/go-containerregistry/pkg/v1/remote/transport"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images"
)

// RemedyOf is what to do about a failure.
func RemedyOf(err error) string {
	var refused *RefusalError
	if errors.As(err, &refused) && refused.Remedy != "" {
		return refused.Remedy
	}
	var private *PrivateError
	if errors.As(err, &private) {
		return remedyPrivate
	}
	switch missingPlace(err) {
	case project:
		return images.RemedyCreateProject
	case repository:
		return images.RemedyCreateRepository
	default:
		return Classify(err).Remedy()
	}
}

// Describe is the cause of a failure without method, address and credentials.
func Describe(err error, push bool) string {
	var before *StoppedError
	var private *PrivateError
	var opening *SessionError
	var long *LongWaitError
	var status *transport.Error
	var request *url.Error
	switch {
	case errors.As(err, &before):
		return before.Error()
	case errors.As(err, &private):
		return "it does not exist or is private (" + Describe(private.Err, true) + ")"
	case errors.As(err, &long):
		return long.Error()
	case errors.As(err, &opening):
		return opening.describe(push)
	case errors.As(err, &status):
		return describeStatus(status, push)
	case IsPlain(err):
		return "the server speaks plain HTTP, not HTTPS"
	case errors.As(err, &request):
		return Redact(request.Err.Error())
	default:
		return Redact(err.Error())
	}
}

// describeStatus is the status and what the registry said about it.
func describeStatus(e *transport.Error, push bool) string {
	s := fmt.Sprintf("%d %s", e.StatusCode, strings.ToLower(http.StatusText(e.StatusCode)))
	for _, d := range e.Errors {
		if d.Message != "" && !strings.EqualFold(d.Message, http.StatusText(e.StatusCode)) {
			s += ", " + Redact(d.Message)
		}
	}
	if !push && e.StatusCode == http.StatusUnauthorized {
		s += " (some registries answer so if there is no such image)"
	}
	return s
}

// Redact takes credentials and query strings, which may be signatures, out of the
// addresses in a text, and makes it one short line.
func Redact(s string) string {
	s = regexp.MustCompile(`://[^/@\s"]+@`).ReplaceAllString(s, "://")
	s = regexp.MustCompile(`(://[^\s"?]*)\?[^\s"]*`).ReplaceAllString(s, "$1")
	s = strings.Join(strings.Fields(s), " ")
	if runes := []rune(s); len(runes) > 400 {
		return string(runes[:400]) + "…"
	}
	return s
}
