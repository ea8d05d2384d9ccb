// Package address finds HTTP addresses in the texts of an operating system profile. It knows
// how addresses are written in scripts and templates. It must not know which of them are
// downloads.
package address

import (
	"regexp"
	"strings"
)

// Address is an HTTP address in a text.
type Address struct {
	At     int    // position in the text, in bytes
	Before string // the line up to the address
	Text   string // up to the first part that is not written literally
	Rest   string // from this part to the end of the word
}

// Find returns the addresses in a text, in their order. Addresses in comments of templates are
// not returned.
func Find(text string) []Address {
	text = WithoutComments(text)
	var all []Address
	for _, at := range regexp.MustCompile(`(?i)https?://[^\s"'<>|)(;,\\]*`).FindAllStringIndex(text, -1) {
		a := Address{At: at[0], Before: text[strings.LastIndexByte(text[:at[0]], '\n')+1 : at[0]], Text: text[at[0]:at[1]]}
		if end := strings.IndexAny(a.Text, "${`*#"); end >= 0 {
			a.Text, a.Rest = a.Text[:end], a.Text[end:]
		}
		all = append(all, a)
	}
	return all
}

// Host returns the host of the address as written, with its port, and "" if a part of the
// host is not written literally.
func (a Address) Host() string {
	_, rest, _ := strings.Cut(a.Text, "://")
	host, _, ended := strings.Cut(rest, "/")
	if !ended && a.Rest != "" || strings.Contains(host, "@") {
		return ""
	}
	return host
}

// IsLocal reports whether an address is on the machine itself, or on its link.
func IsLocal(text string) bool {
	_, rest, _ := strings.Cut(text, "://")
	host, _, _ := strings.Cut(rest, "/")
	return strings.HasPrefix(host, "127.") || strings.HasPrefix(host, "localhost") || strings.HasPrefix(host, "[::1]") || strings.HasPrefix(host, "169.254.")
}

// WithoutComments replaces the comments of templates with spaces. Positions and lines stay the same.
func WithoutComments(text string) string {
	return regexp.MustCompile(`(?s)\{\{-?\s*/\*.*?\*/\s*-?\}\}`).ReplaceAllStringFunc(text, func(comment string) string {
		blank := []byte(comment)
		for i, c := range blank {
			if c != '\n' {
				blank[i] = ' '
			}
		}
		return string(blank)
	})
}

// InComment reports whether a position is in a comment of a shell script, by the line before
// the position: behind a "#" that begins a word and is not quoted.
func InComment(before string) bool {
	quote := rune(0)
	previous := ' '
	for _, r := range before {
		switch {
		case quote != 0:
			if r == quote {
				quote = 0
			}
		case r == '"' || r == '\'':
			quote = r
		case r == '#' && (previous == ' ' || previous == '\t'):
			return true
		}
		previous = r
	}
	return false
}
