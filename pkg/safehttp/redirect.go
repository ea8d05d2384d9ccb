package safehttp

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
)

// maxRedirects is how many redirects of one request are followed.
const maxRedirects = 10

// RedirectError is a redirect that is not followed.
type RedirectError struct {
	From, To string // scheme and host
	Why      string
}

func (e *RedirectError) Error() string {
	return fmt.Sprintf("%s redirects to %s, which is not followed: %s", e.From, e.To, e.Why)
}

// CheckRedirect is the one policy for redirects, for the field of this name of http.Client:
// no more than ten; not from https to http; to another host only requests that change
// nothing (GET and HEAD); and credentials stay where scheme, host and port are the same.
// Otherwise the error is a *RedirectError.
func CheckRedirect(req *http.Request, via []*http.Request) error {
	if err := refusedRedirect(req); err != nil {
		return err
	}
	for _, earlier := range via {
		if !SameOrigin(earlier.URL, req.URL) {
			for _, name := range credentialHeaders() {
				req.Header.Del(name)
			}
			break
		}
	}
	return nil
}

// refusedRedirect returns why a request is not sent, if it follows a redirect.
func refusedRedirect(req *http.Request) error {
	from := redirecting(req)
	if from == nil {
		return nil
	}
	refuse := func(why string) error {
		return &RedirectError{From: origin(from.URL), To: origin(req.URL), Why: why}
	}
	hops := 0
	for at := from; at != nil; at = redirecting(at) {
		hops++
	}
	changes := req.Method != http.MethodGet && req.Method != http.MethodHead
	switch {
	case hops > maxRedirects:
		return refuse(fmt.Sprintf("there were %d before", maxRedirects))
	case from.URL.Scheme == "https" && req.URL.Scheme != "https":
		return refuse("what was encrypted would not be any more")
	case changes && !strings.EqualFold(from.URL.Hostname(), req.URL.Hostname()):
		return refuse(req.Method + " is only sent to the server that it is meant for")
	}
	return nil
}

// redirecting returns the request whose answer led to another one, nil if none did.
func redirecting(req *http.Request) *http.Request {
	if req.Response == nil {
		return nil
	}
	return req.Response.Request
}

// SameOrigin tells whether two addresses have the same scheme, host and port.
func SameOrigin(a, b *url.URL) bool { return a.Scheme == b.Scheme && SameHost(a, b) }

// SameHost tells whether two addresses have the same host and port, which is that of the
// scheme if they have none.
func SameHost(a, b *url.URL) bool {
	return strings.EqualFold(a.Hostname(), b.Hostname()) && port(a) == port(b)
}

func port(u *url.URL) string {
	switch {
	case u.Port() != "":
		return u.Port()
	case u.Scheme == "http":
		return "80"
	default:
		return "443"
	}
}

// origin is an address without what may be a secret.
func origin(u *url.URL) string { return u.Scheme + "://" + u.Host }
