package httptransport

import (
	"maps"
	"slices"
	"strings"
)

// challenge is the login method that a registry asks for (RFC 9110, 11.6.1): the first
// challenge of a WWW-Authenticate header, parsed as go-containerregistry parses it.
type challenge struct {
	scheme     string // such as "Bearer", in upper or lower case
	parameters map[string]string
}

// parseChallenge parses a WWW-Authenticate header up to the first syntax error.
func parseChallenge(header string) challenge {
	scheme, rest := cutToken(header)
	c := challenge{scheme: scheme, parameters: map[string]string{}}
	rest = "," + trimSpace(rest)
	for scheme != "" && strings.HasPrefix(rest, ",") {
		name, value := "", ""
		name, rest = cutToken(trimSpace(rest[1:]))
		if name == "" || !strings.HasPrefix(rest, "=") {
			break
		}
		if value, rest = cutValue(rest[1:]); value == "" {
			break
		}
		c.parameters[strings.ToLower(name)] = value
		rest = trimSpace(rest)
	}
	return c
}

// String returns the challenge as a header value.
func (c challenge) String() string {
	var parameters []string
	for _, name := range slices.Sorted(maps.Keys(c.parameters)) {
		value := strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(c.parameters[name])
		parameters = append(parameters, name+`="`+value+`"`)
	}
	return c.scheme + " " + strings.Join(parameters, ",")
}

func trimSpace(s string) string { return strings.TrimLeft(s, " \t\r\n") }

// cutToken cuts a token (RFC 9110, 5.6.2) off the start of s.
func cutToken(s string) (token, rest string) {
	i := strings.IndexFunc(s, func(r rune) bool {
		return r <= ' ' || r >= 127 || strings.ContainsRune(`()<>@,;:\"/[]?={}`, r)
	})
	if i < 0 {
		i = len(s)
	}
	return s[:i], s[i:]
}

// cutValue cuts a token or a quoted string off the start of s. A quoted string without a
// closing quote is empty.
func cutValue(s string) (value, rest string) {
	if !strings.HasPrefix(s, `"`) {
		return cutToken(s)
	}
	var b strings.Builder
	for i := 1; i < len(s); i++ {
		switch {
		case s[i] == '"':
			return b.String(), s[i+1:]
		case s[i] == '\\' && i+1 < len(s):
			i++
			b.WriteByte(s[i])
		default:
			b.WriteByte(s[i])
		}
	}
	return "", ""
}
