package terminal

import (
	"bytes"
	"fmt"
	"unicode"
	"unicode/utf16"
	"unicode/utf8"

	"sigs.k8s.io/yaml"
)

// Escape writes each control character but newline and tab, and each character that is
// invisible or changes the direction or the lines of a text (Unicode's categories Cc, Cf, Zl
// and Zp), as JSON does: "\u001b". A byte that is no UTF-8 becomes "\x9b". In a JSON document
// this changes no value.
func Escape(text string) string { return string(escape([]byte(text), inJSON)) }

// inJSON is the escape of a character in JSON.
func inJSON(r rune) string {
	var text string
	for _, unit := range utf16.Encode([]rune{r}) {
		text += fmt.Sprintf(`\u%04x`, unit)
	}
	return text
}

// inYAML is the escape of a character in a YAML string with double quotes.
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

// isText tells whether there is nothing to escape.
func isText(text []byte) bool {
	return utf8.Valid(text) && !bytes.ContainsFunc(text, isControl)
}

func isControl(r rune) bool {
	if r < utf8.RuneSelf {
		return (r < ' ' && r != '\n' && r != '\t') || r == 0x7f
	}
	return unicode.In(r, unicode.Cc, unicode.Cf, unicode.Zl, unicode.Zp)
}

// YAML returns a JSON document as YAML in which Escape changes nothing. Where there is
// something to escape, the result is JSON still, which is YAML, too.
func YAML(document []byte) ([]byte, error) {
	if isText(document) {
		return yaml.JSONToYAML(document)
	}
	return escape(document, inYAML), nil
}
