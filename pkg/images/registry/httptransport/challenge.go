package httptransport

import (
	"maps"
	"slices"
	"strings"
)

// challenge is how a registry wants somebody to log in (RFC 9110, 11.6.1): the first one of
// a header, as go-containerregistry reads it.
type challenge struct {
	scheme     string // "Bearer", in any case
	parameters map[string]string
}

// parseChallenge reads a WWW-Authenticate header as far as it can be read.
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

// String is the challenge as a header.
func (c challenge) String() string {
	var parameters []string
	for _, name := range slices.Sorted(maps.Keys(c.parameters)) {
		value := strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(c.parameters[name])
		parameters = append(parameters, name+`="`+value+`"`)
	}
	return c.scheme + " " + strings.Join(parameters, ",")
}

func trimSpace(s string) string { return strings.TrimLeft(s, " \t\r\n") }

// cutToken cuts a token (RFC 9110, 5.6.2) off the front.
func cutToken(s string) (token, rest string) {
	i := strings.IndexFunc(s, func(r rune) bool {
		return r <= ' ' || r >= 127 || strings.ContainsRune(`()<>@,;:\"/[]?={}`, r)
	})
	if i < 0 {
		i = len(s)
	}
	return s[:i], s[i:]
}

// cutValue cuts a token or a quoted string off the front. A string without an end is empty.
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
