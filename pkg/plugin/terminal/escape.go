package terminal

import (
	"bytes"
	"fmt"
	"unicode"
	"unicode/utf16"
	"unicode/utf8"

	"sigs.k8s.io/yaml"
)

// Escape replaces control characters with escape sequences of JSON, such as "\u001b". Newline
// and tab are kept. Control characters are those of Unicode's categories Cc, Cf, Zl and Zp:
// characters that are invisible, or change the direction or the lines of a text. A byte that is
// not UTF-8 becomes "\x9b". The values of a JSON document stay the same.
func Escape(text string) string { return string(escape([]byte(text), inJSON)) }

// inJSON returns the escape sequence of a character in JSON.
func inJSON(r rune) string {
	var text string
	for _, unit := range utf16.Encode([]rune{r}) {
		text += fmt.Sprintf(`\u%04x`, unit)
	}
	return text
}

// inYAML returns the escape sequence of a character in a YAML string with double quotes.
func inYAML(r rune) string {
	if r > 0xffff {
		return fmt.Sprintf(`\U%08x`, r)
	}
	return inJSON(r)
}

func escape(text []byte, escaped func(rune) string) []byte {
	if isText(text) {
		return text
	}
	var b bytes.Buffer
	for len(text) > 0 {
		r, size := utf8.DecodeRune(text)
		switch {
		case r == utf8.RuneError && size == 1:
			fmt.Fprintf(&b, `\x%02x`, text[0])
		case isControl(r):
			b.WriteString(escaped(r))
		default:
			b.Write(text[:size])
		}
		text = text[size:]
	}
	return b.Bytes()
}

// isText reports whether a text is valid UTF-8 without control characters.
func isText(text []byte) bool {
	return utf8.Valid(text) && !bytes.ContainsFunc(text, isControl)
}

func isControl(r rune) bool {
	if r < utf8.RuneSelf {
		return (r < ' ' && r != '\n' && r != '\t') || r == 0x7f
	}
	return unicode.In(r, unicode.Cc, unicode.Cf, unicode.Zl, unicode.Zp)
}

// YAML converts a JSON document to YAML without control characters. A document with control
// characters stays JSON, with escape sequences: JSON is also YAML.
func YAML(document []byte) ([]byte, error) {
	if isText(document) {
		return yaml.JSONToYAML(document)
	}
	return escape(document, inYAML), nil
}
