package repository

import (
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/failure"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/safehttp"
)

// next resolves the address to which an answer refers (redirect, upload location, next
// page). An address on the same server keeps the scheme of the request, because a registry
// behind a TLS proxy reports http. An address on another server is accepted, except http
// after https.
func next(resp *http.Response, address string) (*url.URL, error) {
	from := resp.Request.URL
	to, err := from.Parse(address)
	if err != nil || to.Host == "" {
		return nil, errors.New("the registry refers to an invalid address")
	}
	to.User = nil // the registry must not choose the credentials
	own := *to
	own.Scheme = from.Scheme
	switch {
	case to.Scheme != "http" && to.Scheme != "https":
		return nil, sentAway(from, to, "which is neither HTTP nor HTTPS")
	case safehttp.SameHost(from, &own):
		return &own, nil
	case from.Scheme == "https" && to.Scheme != "https":
		return nil, sentAway(from, to, "which is not encrypted")
	}
	return to, nil
}

// sentAway returns the error for an address that next does not accept.
func sentAway(from, to *url.URL, why string) error {
	return &failure.RejectedError{
		As:     images.ClassPolicy,
		Msg:    from.Host + " refers to " + to.Scheme + "://" + to.Host + ", " + why,
		Advice: "ask the registry's administrator to configure the external address of the registry",
	}
}

// nextPart returns the address for the next part of an upload, or "" if the answer has
// none.
func nextPart(resp *http.Response) (string, error) {
	address := resp.Header.Get("Location")
	if address == "" {
		return "", nil
	}
	at, err := next(resp, address)
	if err != nil {
		return "", err
	}
	return at.String(), nil
}

// isOwn reports whether an address is on the registry's own server.
func (s *Session) isOwn(at *url.URL) bool {
	return safehttp.SameHost(&url.URL{Scheme: at.Scheme, Host: s.repo.RegistryStr()}, at)
}

// nextPage returns the address of the next page of a list, or "" after the last page (RFC
// 8288, as used by the OCI distribution-spec). The address must be on the registry's own
// server.
func (s *Session) nextPage(resp *http.Response) (string, error) {
	address := nextLink(resp.Header.Values("Link"))
	if address == "" {
		return "", nil
	}
	at, err := next(resp, address)
	if err == nil && !s.isOwn(at) {
		err = sentAway(resp.Request.URL, at, "for the next page of a list")
	}
	if err != nil {
		return "", err
	}
	return at.String(), nil
}

// nextLink returns the address of the first link with rel="next", or "".
func nextLink(headers []string) string {
	for _, header := range headers {
		for link := range strings.SplitSeq(header, "<") {
			address, parameters, ok := strings.Cut(link, ">")
			if ok && isNext(parameters) {
				return address
			}
		}
	}
	return ""
}

// isNext reports whether the parameters of a link contain rel="next".
func isNext(parameters string) bool {
	for parameter := range strings.SplitSeq(parameters, ";") {
		name, value, _ := strings.Cut(strings.TrimSpace(parameter), "=")
		if strings.EqualFold(name, "rel") && slices.Contains(strings.Fields(strings.ToLower(strings.Trim(value, `", `))), "next") {
			return true
		}
	}
	return false
}
