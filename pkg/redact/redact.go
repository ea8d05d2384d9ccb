// Package redact takes out of texts what lets others in: credentials and permissions in
// addresses and headers. It must not know where the texts come from.
package redact

import (
	"cmp"
	"regexp"
	"strings"
)

// longest is how many characters of a text are shown.
const longest = 400

// Text takes credentials and query strings, which may be signatures, out of the addresses
// in a text, and makes it one short line.
func Text(s string) string {
	s = regexp.MustCompile(`://[^/@\s"]+@`).ReplaceAllString(s, "://")
	s = regexp.MustCompile(`(://[^\s"?]*)\?[^\s"]*`).ReplaceAllString(s, "$1")
	s = strings.Join(strings.Fields(s), " ")
	if runes := []rune(s); len(runes) > longest {
		return string(runes[:longest]) + "…"
	}
	return s
}

// Address takes user, password and a slash at the end out of an address that may not
// be valid. A text without a scheme stays as it is.
func Address(address string) string {
	scheme, rest, ok := strings.Cut(address, "://")
	if !ok {
		return address
	}
	host, path, _ := strings.Cut(rest, "/")
	host = cmp.Or(host[strings.LastIndex(host, "@")+1:], host)
	return strings.TrimSuffix(scheme+"://"+host+"/"+path, "/")
}

// User hides what may be a user and a password in a text that should have been an address.
func User(text string) string {
	if i := strings.LastIndex(text, "@"); i >= 0 {
		return "***" + text[i:]
	}
	return text
}
