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

// next resolves an address that an answer sends on to. An address of the same server keeps
// the scheme of the request: a registry behind a proxy that ends TLS does not know better.
// Another server may be named, but not one without encryption by one with it.
func next(resp *http.Response, address string) (*url.URL, error) {
	from := resp.Request.URL
	to, err := from.Parse(address)
	if err != nil || to.Host == "" {
		return nil, errors.New("the registry sends on to an address that cannot be read")
	}
	to.User = nil // these would be credentials that the registry chooses
	own := *to
	own.Scheme = from.Scheme
	switch {
	case to.Scheme != "http" && to.Scheme != "https":
		return nil, sentAway(from, to, "which is not HTTP")
	case safehttp.SameHost(from, &own):
		return &own, nil
	case from.Scheme == "https" && to.Scheme != "https":
		return nil, sentAway(from, to, "which is not encrypted")
	}
	return to, nil
}

// sentAway refuses to go where an answer sends.
func sentAway(from, to *url.URL, why string) error {
	return &failure.RejectedError{
		As:     images.ClassPolicy,
		Msg:    from.Host + " sends on to " + to.Scheme + "://" + to.Host + ", " + why,
		Advice: "ask the registry's administrator to set the address that it is reached at from outside",
	}
}

// nextPart is where the next part of an upload goes, "" if the answer does not say.
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

// isOwn tells whether an address is one of the registry itself.
func (s *Session) isOwn(at *url.URL) bool {
	return safehttp.SameHost(&url.URL{Scheme: at.Scheme, Host: s.repo.RegistryStr()}, at)
}

// nextPage is the address of the next part of a list, "" if this was the last one (RFC 8288,
// as the OCI distribution-spec uses it). It must be one of the registry itself.
func (s *Session) nextPage(resp *http.Response) (string, error) {
	address := nextLink(resp.Header.Values("Link"))
	if address == "" {
		return "", nil
	}
	at, err := next(resp, address)
	if err == nil && !s.isOwn(at) {
		err = sentAway(resp.Request.URL, at, "for the next part of a list")
	}
	if err != nil {
		return "", err
	}
	return at.String(), nil
}

// nextLink is the address of the first link that leads to the next part, "" if there is none.
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

// isNext tells whether the parameters of a link are those of the next part.
func isNext(parameters string) bool {
	for parameter := range strings.SplitSeq(parameters, ";") {
		name, value, _ := strings.Cut(strings.TrimSpace(parameter), "=")
		if strings.EqualFold(name, "rel") && slices.Contains(strings.Fields(strings.ToLower(strings.Trim(value, `", `))), "next") {
			return true
		}
	}
	return false
}
