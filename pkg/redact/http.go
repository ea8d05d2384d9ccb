package redact

import (
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
)

// masked replaces a hidden value.
const masked = "<masked>"

// harmless returns the query parameters of registry requests that give no access (OCI
// distribution-spec, and docker's token specification). Other parameters may be
// credentials, as in addresses of uploads and of storage.
func harmless() []string {
	return []string{"digest", "mount", "from", "scope", "service", "n", "last", "artifactType"}
}

// URL returns an address without user and password, and with only the values of harmless
// parameters.
func URL(u *url.URL) string {
	shown := *u
	shown.User, shown.Fragment, shown.RawFragment = nil, "", ""
	shown.RawQuery = ""
	text := shown.String()
	separator := "?"
	query := u.Query()
	for _, key := range slices.Sorted(maps.Keys(query)) {
		for _, value := range query[key] {
			if slices.Contains(harmless(), key) {
				value = strings.NewReplacer("%3A", ":", "%2F", "/").Replace(url.QueryEscape(value))
			} else {
				value = masked
			}
			text += separator + url.QueryEscape(key) + "=" + value
			separator = "&"
		}
	}
	return text
}

// Headers formats headers as lines. Credentials are masked, also in addresses.
func Headers(whose string, headers http.Header) string {
	secret := regexp.MustCompile(`(?i)auth|cookie|token|secret|password|credential|signature|session|key`)
	var b strings.Builder
	for _, name := range slices.Sorted(maps.Keys(headers)) {
		for _, value := range headers[name] {
			if secret.MatchString(name) && name != "Www-Authenticate" {
				value = masked
			}
			fmt.Fprintf(&b, "    %s %s: %s\n", whose, name, headerValue(value))
		}
	}
	return b.String()
}

// headerValue returns the value of a header, with redacted addresses.
func headerValue(value string) string {
	addresses := regexp.MustCompile(`(?i)(?:https?://|/)[^\s"'<>,;]*`)
	return addresses.ReplaceAllStringFunc(value, func(text string) string {
		u, err := url.Parse(text)
		if err != nil {
			return masked
		}
		return URL(u)
	})
}
