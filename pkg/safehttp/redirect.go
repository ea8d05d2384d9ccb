package safehttp

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
)

// maxRedirects is the maximum number of redirects of one request.
const maxRedirects = 10

// RedirectError is a refused redirect.
type RedirectError struct {
	From, To string // scheme and host
	Why      string
}

func (e *RedirectError) Error() string {
	return fmt.Sprintf("the redirect from %s to %s is not followed: %s", e.From, e.To, e.Why)
}

// CheckRedirect is the policy for redirects, for the field CheckRedirect of http.Client: at
// most ten redirects; none from https to http; only GET and HEAD requests to another host;
// and credentials only if scheme, host and port stay the same. A refused redirect is a
// *RedirectError.
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

// refusedRedirect returns an error if a request follows a redirect that is refused.
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
		return refuse(fmt.Sprintf("more than %d redirects", maxRedirects))
	case from.URL.Scheme == "https" && req.URL.Scheme != "https":
		return refuse("the new address is not encrypted")
	case changes && !strings.EqualFold(from.URL.Hostname(), req.URL.Hostname()):
		return refuse(req.Method + " requests are not redirected to another host")
	}
	return nil
}

// redirecting returns the request that was redirected to req, or nil.
func redirecting(req *http.Request) *http.Request {
	if req.Response == nil {
		return nil
	}
	return req.Response.Request
}

// SameOrigin reports whether two addresses have the same scheme, host and port.
func SameOrigin(a, b *url.URL) bool { return a.Scheme == b.Scheme && SameHost(a, b) }

// SameHost reports whether two addresses have the same host and port. Without a port, the
// default port of the scheme is used.
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

// origin returns scheme and host of an address, without credentials.
func origin(u *url.URL) string { return u.Scheme + "://" + u.Host }
