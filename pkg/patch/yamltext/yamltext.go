// Package yamltext sets fields in the text of YAML and JSON files. Everything else stays as it
// was written: comments, order, quotes, blank lines. It knows YAML; it must not know what the
// fields mean.
package yamltext

import (
	"fmt"
	"reflect"
	"regexp"
	"slices"
	"strings"

	yamlnode "go.yaml.in/yaml/v3"
	"sigs.k8s.io/yaml"
)

// mergeKey has YAML readers merge a map into the one around it.
const mergeKey = "<<"

// File is a file with one document or several.
type File struct {
	documents []string // with their separators in front
}

// Parse splits a file into its documents. What is no YAML is an error of Object.
func Parse(text []byte) *File {
	separator := regexp.MustCompile(`(?m)^---(?:[ \t\r]|$)`)
	file := &File{}
	start := 0
	for _, at := range separator.FindAllIndex(text, -1) {
		if blank(string(text[start:at[0]])) {
			continue // comments before the first document
		}
		file.documents = append(file.documents, string(text[start:at[0]]))
		start = at[0]
	}
	file.documents = append(file.documents, string(text[start:]))
	return file
}

// blank tells whether a text has nothing but comments, directives and blank lines.
func blank(text string) bool {
	for line := range strings.Lines(text) {
		if line = strings.TrimSpace(line); line != "" && line[0] != '#' && line[0] != '%' {
			return false
		}
	}
	return true
}

// Text is the whole file.
func (f *File) Text() []byte { return []byte(strings.Join(f.documents, "")) }

// Len is the number of documents.
func (f *File) Len() int { return len(f.documents) }

// JSON is a document as JSON, "null" for an empty one.
func (f *File) JSON(document int) ([]byte, error) {
	return yaml.YAMLToJSON([]byte(f.documents[document]))
}

// Replace puts a text, which ends its last line, in place of a document.
func (f *File) Replace(document int, text []byte) {
	separator := ""
	if strings.HasPrefix(f.documents[document], "---") {
		separator = "---\n"
	}
	f.documents[document] = separator + string(text)
}

// Error says why a field cannot be set in a text.
type Error struct {
	Path   []string
	Reason string
}

func (e *Error) Error() string {
	return fmt.Sprintf("%s cannot be set in the text of the file: %s", strings.Join(e.Path, "."), e.Reason)
}

// Set gives a field a value of a JSON type: a text, a boolean, or a list or map of such
// values. Maps on the way are made. The error is an *Error if the text has a form that
// cannot be edited; then the document stays as it was.
func (f *File) Set(document int, path []string, value any) error {
	if slices.Contains(path, mergeKey) {
		return &Error{path, mergeKey + " is the merge key of YAML"}
	}
	text := f.documents[document]
	var want map[string]any
	if err := yaml.Unmarshal([]byte(text), &want); err != nil {
		return err
	}
	if want == nil {
		return &Error{path, "the document is empty"}
	}
	before := normal(want)
	if err := setValue(want, path, value); err != "" {
		return &Error{path, err}
	}
	if !has(normal(want), path, value) {
		return &Error{path, "YAML would read the name or the value of the field as another type"}
	}
	if reflect.DeepEqual(before, normal(want)) {
		return nil
	}
	edited, err := newEditor(text).set(path, value)
	if err != nil {
		return err
	}
	var got map[string]any
	if err := yaml.Unmarshal([]byte(edited), &got); err != nil || !reflect.DeepEqual(normal(got), normal(want)) {
		return &Error{path, "the form of the surrounding text is not supported; write the field by hand"}
	}
	f.documents[document] = edited
	return nil
}

// setValue sets a field of an object, and returns what is in the way, or "".
func setValue(object map[string]any, path []string, value any) string {
	for i, key := range path[:len(path)-1] {
		next, ok := object[key].(map[string]any)
		if !ok && object[key] != nil {
			return strings.Join(path[:i+1], ".") + " is not a map"
		}
		if !ok {
			next = map[string]any{}
			object[key] = next
		}
		object = next
	}
	object[path[len(path)-1]] = value
	return ""
}

// has reports whether an object that was read has a value at a path.
func has(object any, path []string, value any) bool {
	for _, key := range path {
		fields, ok := object.(map[string]any)
		if !ok {
			return false
		}
		object = fields[key]
	}
	return reflect.DeepEqual(object, normal(value))
}

// normal writes a value as it is read back.
func normal(value any) any {
	text, err := yaml.Marshal(value)
	if err != nil {
		return err
	}
	var read any
	if err := yaml.Unmarshal(text, &read); err != nil {
		return err
	}
	return read
}

// editor edits the text of one document.
type editor struct {
	text    string
	lines   []int // offsets of their beginnings
	newline string
	indent  int  // of a map in a map
	deeper  bool // lists are indented below their key
	json    bool // keys are quoted
}

func newEditor(text string) *editor {
	e := &editor{text: text, lines: []int{0}, newline: "\n", indent: 2, deeper: true}
	for i := range len(text) {
		if text[i] == '\n' {
			e.lines = append(e.lines, i+1)
		}
	}
	if strings.Contains(text, "\r\n") {
		e.newline = "\r\n"
	}
	return e
}

// set returns the text with a field set.
func (e *editor) set(path []string, value any) (string, error) {
	var document yamlnode.Node
	if err := yamlnode.Unmarshal([]byte(e.text), &document); err != nil {
		return "", err
	}
	if len(document.Content) != 1 || document.Content[0].Kind != yamlnode.MappingNode {
		return "", &Error{path, "the document is not a map"}
	}
	at := document.Content[0]
	e.json = flow(at)
	e.learn(at)
	for i, key := range path {
		if slices.ContainsFunc(keys(at), func(key *yamlnode.Node) bool { return key.Tag != "!!str" }) {
			return "", &Error{path, "a key of the same map is not a string"}
		}
		name, found := lookup(at, key)
		rest := path[i+1:]
		switch {
		case found == nil:
			return e.insert(at, path[i:], value)
		case found.Kind == yamlnode.AliasNode || found.Anchor != "":
			return "", &Error{path, strings.Join(path[:i+1], ".") + " is an anchor or an alias of YAML"}
		case len(rest) == 0:
			return e.replace(at, name, found, value)
		case found.Kind == yamlnode.MappingNode && len(found.Content) == 0 || found.Tag == "!!null":
			return e.replace(at, name, found, nested(rest, value))
		case found.Kind != yamlnode.MappingNode:
			return "", &Error{path, strings.Join(path[:i+1], ".") + " is not a map"}
		}
		at = found
	}
	return "", &Error{path, "the path names no field"}
}

// keys are the keys of a map.
func keys(at *yamlnode.Node) []*yamlnode.Node {
	var found []*yamlnode.Node
	for i := 0; i < len(at.Content); i += 2 {
		found = append(found, at.Content[i])
	}
	return found
}

// lookup finds a key of a map, nil if there is none.
func lookup(at *yamlnode.Node, key string) (name, value *yamlnode.Node) {
	for i := 0; i+1 < len(at.Content); i += 2 {
		if at.Content[i].Value == key && at.Content[i].Kind == yamlnode.ScalarNode {
			return at.Content[i], at.Content[i+1]
		}
	}
	return nil, nil
}

// nested puts a value below keys.
func nested(path []string, value any) any {
	for _, key := range slices.Backward(path) {
		value = map[string]any{key: value}
	}
	return value
}

func flow(node *yamlnode.Node) bool { return node.Style&yamlnode.FlowStyle != 0 }

// learn finds out how the document is indented, from the first map and the first list below
// a key.
func (e *editor) learn(root *yamlnode.Node) {
	seenMap, seenList := false, false
	var walk func(node *yamlnode.Node)
	walk = func(node *yamlnode.Node) {
		for i, child := range node.Content {
			if node.Kind == yamlnode.MappingNode && i%2 == 1 && !flow(child) && len(child.Content) > 0 {
				deeper := child.Column - node.Content[i-1].Column
				if child.Kind == yamlnode.MappingNode && !seenMap && deeper > 0 {
					e.indent, seenMap = deeper, true
				}
				if child.Kind == yamlnode.SequenceNode && !seenList {
					e.deeper, seenList = deeper > 0, true
				}
			}
			walk(child)
		}
	}
	walk(root)
}
