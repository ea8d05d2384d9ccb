package yamltext

import (
	"strings"
	"unicode/utf8"

	yamlnode "go.yaml.in/yaml/v3"
)

// start is the offset of a node.
func (e *editor) start(node *yamlnode.Node) int {
	if node.Line < 1 || node.Line > len(e.lines) {
		return len(e.text)
	}
	at := e.lines[node.Line-1]
	for column := 1; column < node.Column && at < len(e.text); column++ {
		_, size := utf8.DecodeRuneInString(e.text[at:])
		at += size
	}
	return at
}

// end is the offset behind a node. ok is false for forms that are not edited.
func (e *editor) end(node *yamlnode.Node) (at int, ok bool) {
	start := e.start(node)
	switch {
	case node.Kind == yamlnode.ScalarNode && node.Style&(yamlnode.LiteralStyle|yamlnode.FoldedStyle) != 0:
		return e.blockEnd(node), true
	case node.Kind == yamlnode.ScalarNode && node.Style&(yamlnode.DoubleQuotedStyle|yamlnode.SingleQuotedStyle) != 0:
		return e.quoteEnd(start)
	case node.Kind == yamlnode.ScalarNode:
		return start + len(node.Value), strings.HasPrefix(e.text[start:], node.Value)
	case node.Kind == yamlnode.AliasNode:
		return start + 1 + len(node.Value), true
	case flow(node):
		return e.bracketEnd(start)
	case len(node.Content) == 0:
		return start, false
	}
	return e.end(node.Content[len(node.Content)-1])
}

// quoteEnd is the offset behind a quoted text.
func (e *editor) quoteEnd(at int) (int, bool) {
	if at >= len(e.text) || e.text[at] != '"' && e.text[at] != '\'' {
		return at, false
	}
	quote := e.text[at]
	for at++; at < len(e.text); at++ {
		switch {
		case quote == '"' && e.text[at] == '\\':
			at++
		case e.text[at] == quote && quote == '\'' && strings.HasPrefix(e.text[at:], "''"):
			at++
		case e.text[at] == quote:
			return at + 1, true
		}
	}
	return at, false
}

// bracketEnd is the offset behind a list or map in brackets.
func (e *editor) bracketEnd(at int) (int, bool) {
	depth := 0
	for at < len(e.text) {
		switch c := e.text[at]; {
		case c == '{' || c == '[':
			depth++
		case c == '}' || c == ']':
			if depth--; depth <= 0 {
				return at + 1, depth == 0
			}
		case (c == '"' || c == '\'') && begins(e.text, at):
			end, ok := e.quoteEnd(at)
			if !ok {
				return end, false
			}
			at = end
			continue
		case c == '#' && at > 0 && strings.ContainsRune(" \t\n", rune(e.text[at-1])):
			at = e.lineEnd(at)
			continue
		}
		at++
	}
	return at, false
}

// begins tells whether a quote begins a text: in one that is not quoted, it is a character.
func begins(text string, at int) bool {
	before := strings.TrimRight(text[:at], " \t\r\n")
	return before == "" || strings.ContainsRune("{[,:", rune(before[len(before)-1]))
}

// lineEnd is the offset of the end of a line, in front of its newline.
func (e *editor) lineEnd(at int) int {
	if at >= len(e.text) {
		return len(e.text)
	}
	if end := strings.IndexByte(e.text[at:], '\n'); end >= 0 {
		end += at
		if end > at && e.text[end-1] == '\r' {
			end--
		}
		return end
	}
	return len(e.text)
}

// blockEnd is the end of the last line of a text of many lines: those that follow and are
// indented more than the line that it begins in.
func (e *editor) blockEnd(node *yamlnode.Node) int {
	first := e.lines[node.Line-1]
	outer := indentation(e.text[first:])
	end := e.lineEnd(first)
	for _, begin := range e.lines[node.Line:] {
		stop := e.lineEnd(begin)
		line := e.text[begin:stop]
		if strings.TrimSpace(line) == "" {
			continue
		}
		if indentation(line) <= outer {
			break
		}
		end = stop
	}
	return end
}

func indentation(line string) int { return len(line) - len(strings.TrimLeft(line, " ")) }
