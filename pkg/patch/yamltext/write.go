package yamltext

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"

	yamlnode "go.yaml.in/yaml/v3"
)

// splice puts a text in place of a part.
func (e *editor) splice(from, to int, text string) string { return e.text[:from] + text + e.text[to:] }

// insert adds a field that a map lacks, behind the others.
func (e *editor) insert(at *yamlnode.Node, path []string, value any) (string, error) {
	unusual := &Error{path, "the form of the enclosing map is not supported; write the field by hand"}
	end, ok := e.end(at)
	if !ok {
		return "", unusual
	}
	entry := nested(path, value).(map[string]any)
	if !flow(at) {
		end = e.lineEnd(end)
		return e.splice(end, end, e.newline+e.block(entry, at.Content[0].Column-1)), nil
	}
	text := strings.TrimSuffix(strings.TrimPrefix(e.inline(entry), "{"), "}")
	if len(at.Content) == 0 {
		return e.splice(e.start(at)+1, end-1, text), nil
	}
	last, ok := e.end(at.Content[len(at.Content)-1])
	if !ok {
		return "", unusual
	}
	separator := ", "
	if first := at.Content[0]; first.Line != at.Line { // one field a line
		separator = "," + e.newline + strings.Repeat(" ", first.Column-1)
	}
	return e.splice(last, last, separator+text), nil
}

// replace gives a field another value.
func (e *editor) replace(in, name, old *yamlnode.Node, value any) (string, error) {
	unusual := &Error{[]string{name.Value}, "the form of the present value is not supported; write the field by hand"}
	behind, ok := e.end(name)
	if !ok {
		return "", unusual
	}
	colon := strings.IndexByte(e.text[behind:], ':')
	if colon < 0 {
		return "", unusual
	}
	behind += colon + 1
	end := behind
	if old.Tag != "!!null" || old.Value != "" {
		if end, ok = e.end(old); !ok {
			return "", unusual
		}
	}
	if list, ok := e.extend(old, value); ok {
		return list, nil
	}
	_, isMap := value.(map[string]any)
	_, isList := value.([]any)
	switch {
	case (isMap || isList) && !flow(in) && (!flow(old) || old.Kind == yamlnode.ScalarNode || len(old.Content) == 0 && e.endsLine(end)):
		column := name.Column - 1 + e.indent
		if isList && !e.deeper {
			column = name.Column - 1
		}
		return e.splice(behind, end, e.newline+e.block(value, column)), nil
	case old.Style&yamlnode.DoubleQuotedStyle != 0 && !isMap && !isList:
		return e.splice(behind, end, " "+quoted(value)), nil
	}
	if flow(in) {
		return e.splice(behind, end, " "+e.inline(value)), nil
	}
	return e.splice(behind, end, " "+e.line(value)), nil
}

// endsLine tells whether only white space follows in a line.
func (e *editor) endsLine(at int) bool { return strings.TrimSpace(e.text[at:e.lineEnd(at)]) == "" }

// extend adds items around those of a list that has one a line, whose comments stay. ok is
// false if it is no such list, or if other items change.
func (e *editor) extend(old *yamlnode.Node, value any) (string, bool) {
	items, isList := value.([]any)
	if !isList || old.Kind != yamlnode.SequenceNode || flow(old) || len(old.Content) == 0 || len(old.Content) >= len(items) {
		return "", false
	}
	at := slices.IndexFunc(items, func(item any) bool { return item == any(old.Content[0].Value) })
	if at < 0 || at+len(old.Content) > len(items) {
		return "", false
	}
	for i, item := range old.Content {
		if item.Kind != yamlnode.ScalarNode || items[at+i] != any(item.Value) {
			return "", false
		}
	}
	end, ok := e.end(old)
	if !ok {
		return "", false
	}
	end = e.lineEnd(end)
	column := old.Column - 1
	text := e.text
	if rest := items[at+len(old.Content):]; len(rest) > 0 {
		text = text[:end] + e.newline + e.block(rest, column) + text[end:]
	}
	if first := items[:at]; len(first) > 0 {
		start := e.lines[old.Content[0].Line-1]
		text = text[:start] + e.block(first, column) + e.newline + text[start:]
	}
	return text, true
}

// block writes a map or a list with one entry a line, without a newline at its end.
func (e *editor) block(value any, column int) string {
	space := strings.Repeat(" ", column)
	var lines []string
	switch v := value.(type) {
	case map[string]any:
		for _, key := range slices.Sorted(maps.Keys(v)) {
			if inner, has := e.inner(v[key], column); has {
				lines = append(lines, space+plain(key, false)+":", e.block(v[key], inner))
			} else {
				lines = append(lines, space+plain(key, false)+": "+e.line(v[key]))
			}
		}
	case []any:
		for _, item := range v {
			lines = append(lines, space+"- "+e.line(item))
		}
	}
	return strings.Join(lines, e.newline)
}

// inner returns the column of the entries of a value, and whether the value has entries.
func (e *editor) inner(value any, column int) (int, bool) {
	switch v := value.(type) {
	case map[string]any:
		return column + e.indent, len(v) > 0
	case []any:
		if e.deeper {
			column += e.indent
		}
		return column, len(v) > 0
	}
	return 0, false
}

// line writes a value in one line, outside of brackets.
func (e *editor) line(value any) string {
	if text, ok := value.(string); ok {
		return plain(text, false)
	}
	return e.inline(value)
}

// inline writes a value in one line, inside of brackets or with its own.
func (e *editor) inline(value any) string {
	switch v := value.(type) {
	case map[string]any:
		var parts []string
		for _, key := range slices.Sorted(maps.Keys(v)) {
			parts = append(parts, e.key(key)+": "+e.inline(v[key]))
		}
		return "{" + strings.Join(parts, ", ") + "}"
	case []any:
		var parts []string
		for _, item := range v {
			parts = append(parts, e.inline(item))
		}
		return "[" + strings.Join(parts, ", ") + "]"
	case string:
		if e.json {
			return quoted(v)
		}
		return plain(v, true)
	}
	return quoted(value)
}

func (e *editor) key(key string) string {
	if e.json {
		return quoted(key)
	}
	return plain(key, true)
}

// plain writes a text without quotes where that is possible, also in brackets. There, the parser
// takes a question mark for the beginning of a key.
func plain(text string, brackets bool) string {
	raw, err := yamlnode.Marshal(text)
	written := strings.TrimSuffix(string(raw), "\n")
	if err != nil || text == mergeKey || strings.Contains(written, "\n") || written != text || brackets && strings.ContainsAny(text, ",[]{}?") {
		return quoted(text)
	}
	return written
}

// quoted writes a value as JSON, which YAML reads, too.
func quoted(value any) string {
	var text strings.Builder
	encoder := json.NewEncoder(&text)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(value); err != nil {
		return "null"
	}
	return strings.TrimSuffix(text.String(), "\n")
}
