package manifest

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"

	"go.yaml.in/yaml/v3"
)

// Limits of decoding. The largest manifests of KKP's addons and charts, those of CRDs, have less than
// a tenth.
const (
	maxSize    = 32 << 20
	maxValues  = 2 << 20
	maxAliased = 100_000 // values in expanded aliases
)

// Decode reads YAML or JSON documents that are objects. Empty documents are skipped. The error has
// document number and line, and comes with the objects before it. Input that is too large or too
// deeply nested, also after expanding aliases, is an error.
func Decode(data []byte) ([]map[string]any, error) {
	documents, err := decode(data)
	var objects []map[string]any
	for _, d := range documents {
		object, ok := d.content.(map[string]any)
		if !ok {
			return objects, fmt.Errorf("document %d, line %d: expected an object, found a %s", d.number, d.line, typeName(d.content))
		}
		objects = append(objects, object)
	}
	return objects, err
}

// document is a document that is not empty.
type document struct {
	number, line int // from 1
	content      any
}

// decode reads documents of any type.
func decode(data []byte) (documents []document, err error) {
	if len(data) > maxSize {
		return nil, fmt.Errorf("%d MiB of YAML: at most %d are read", len(data)>>20, maxSize>>20)
	}
	number := 1
	defer func() {
		if r := recover(); r != nil { // the parser has panicked before
			err = fmt.Errorf("document %d: the YAML parser failed: %v", number, r)
		}
	}()
	decoder := yaml.NewDecoder(bytes.NewReader(data))
	var expander expander
	for ; ; number++ {
		var node yaml.Node
		err := decoder.Decode(&node)
		if errors.Is(err, io.EOF) {
			return documents, nil
		}
		if err != nil {
			return documents, documentError(number, err)
		}
		content, err := expander.expand(&node, 0)
		if err != nil {
			return documents, documentError(number, err)
		}
		if content != nil {
			documents = append(documents, document{number, firstLine(&node), content})
		}
	}
}

// documentError adds the number of the document to an error of the parser, which starts with the
// line.
func documentError(number int, err error) error {
	text := strings.TrimPrefix(err.Error(), "yaml: ")
	if strings.HasPrefix(text, "line ") {
		return fmt.Errorf("document %d, %s", number, text)
	}
	return fmt.Errorf("document %d: %s", number, text)
}

func firstLine(node *yaml.Node) int {
	if node.Kind == yaml.DocumentNode && len(node.Content) > 0 {
		node = node.Content[0]
	}
	return node.Line
}

func typeName(value any) string {
	switch value.(type) {
	case []any:
		return "list"
	case string:
		return "text"
	default:
		return "value"
	}
}
