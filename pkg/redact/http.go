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

// masked stands for what is not shown.
const masked = "<masked>"

// harmless are the parameters of registry requests that let nobody in (OCI
// distribution-spec, and docker's token specification). All others may be permissions:
// addresses of uploads and of storage carry them.
func harmless() []string {
	return []string{"digest", "mount", "from", "scope", "service", "n", "last", "artifactType"}
}

// URL is an address without user and password, and without the values of parameters
// that may be permissions.
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

// Headers are the lines of headers. Values that let somebody in are masked, and so are
// parts of addresses.
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

// headerValue is the value of a header, with safe addresses.
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
