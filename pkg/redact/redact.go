// Package redact removes credentials from texts: from addresses and headers. It must not
// know where the texts come from.
package redact

import (
	"cmp"
	"regexp"
	"strings"
)

// longest is the maximum number of characters of a text.
const longest = 400

// Text removes credentials and query strings from the addresses in a text, because query
// strings may contain signatures. It returns one line of limited length.
func Text(s string) string {
	s = regexp.MustCompile(`://[^/@\s"]+@`).ReplaceAllString(s, "://")
	s = regexp.MustCompile(`(://[^\s"?]*)\?[^\s"]*`).ReplaceAllString(s, "$1")
	s = strings.Join(strings.Fields(s), " ")
	if runes := []rune(s); len(runes) > longest {
		return string(runes[:longest]) + "…"
	}
	return s
}

// Address removes user, password and a trailing slash from an address, which may be
// invalid. A text without a scheme is returned unchanged.
func Address(address string) string {
	scheme, rest, ok := strings.Cut(address, "://")
	if !ok {
		return address
	}
	host, path, _ := strings.Cut(rest, "/")
	host = cmp.Or(host[strings.LastIndex(host, "@")+1:], host)
	return strings.TrimSuffix(scheme+"://"+host+"/"+path, "/")
}

// User hides a possible user and password in a text that should be an address.
func User(text string) string {
	if i := strings.LastIndex(text, "@"); i >= 0 {
		return "***" + text[i:]
	}
	return text
}
