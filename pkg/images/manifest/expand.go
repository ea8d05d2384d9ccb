package manifest

import (
	"fmt"

	"go.yaml.in/yaml/v3"
)

// expander turns nodes into maps, lists and scalars, and counts them.
type expander struct {
	values  int // so far
	aliased int // values in expanded aliases
	within  int // aliases that are being expanded
}

// expand returns the value of a node. Each use of an alias is expanded, so that its values count
// each time.
func (e *expander) expand(node *yaml.Node, depth int) (any, error) {
	e.values++
	if e.within > 0 {
		e.aliased++
	}
	switch {
	case e.values > maxValues:
		return nil, fmt.Errorf("line %d: more than %d values", node.Line, maxValues)
	case e.aliased > maxAliased:
		return nil, fmt.Errorf("line %d: aliases stand for more than %d values", node.Line, maxAliased)
	case depth > maxDepth:
		return nil, fmt.Errorf("line %d: nested deeper than %d levels", node.Line, maxDepth)
	}
	switch node.Kind {
	case yaml.DocumentNode:
		if len(node.Content) == 0 {
			return nil, nil
		}
		return e.expand(node.Content[0], depth+1)
	case yaml.AliasNode:
		e.within++
		defer func() { e.within-- }()
		return e.expand(node.Alias, depth+1)
	case yaml.SequenceNode:
		items := make([]any, 0, len(node.Content))
		for _, inner := range node.Content {
			item, err := e.expand(inner, depth+1)
			if err != nil {
				return nil, err
			}
			items = append(items, item)
		}
		return items, nil
	case yaml.MappingNode:
		return e.expandMapping(node, depth)
	default:
		return expandScalar(node), nil
	}
}

// expandMapping also merges the maps of "<<": their fields do not replace other fields.
func (e *expander) expandMapping(node *yaml.Node, depth int) (any, error) {
	fields := make(map[string]any, len(node.Content)/2)
	var merged []any
	for i := 0; i+1 < len(node.Content); i += 2 {
		key, err := e.expand(node.Content[i], depth+1)
		if err != nil {
			return nil, err
		}
		value, err := e.expand(node.Content[i+1], depth+1)
		if err != nil {
			return nil, err
		}
		if node.Content[i].ShortTag() == "!!merge" {
			merged = append(merged, value)
			continue
		}
		fields[keyText(node.Content[i], key)] = value
	}
	for _, value := range merged {
		merge(fields, value)
	}
	return fields, nil
}

// keyText returns a key as text, because JSON has only text keys.
func keyText(node *yaml.Node, key any) string {
	if text, ok := key.(string); ok {
		return text
	}
	if node.Kind == yaml.ScalarNode {
		return node.Value
	}
	return fmt.Sprint(key)
}

func merge(fields map[string]any, value any) {
	switch v := value.(type) {
	case []any:
		for _, inner := range v {
			merge(fields, inner)
		}
	case map[string]any:
		for key, inner := range v {
			if _, ok := fields[key]; !ok {
				fields[key] = inner
			}
		}
	}
}

// expandScalar returns strings, numbers and booleans as in JSON. Other types, such as dates, stay
// strings.
func expandScalar(node *yaml.Node) any {
	switch node.ShortTag() {
	case "!!null":
		return nil
	case "!!bool":
		return scalarOf[bool](node)
	case "!!int":
		return scalarOf[int64](node)
	case "!!float":
		return scalarOf[float64](node)
	}
	return node.Value
}

func scalarOf[T any](node *yaml.Node) any {
	var value T
	if err := node.Decode(&value); err != nil {
		return node.Value
	}
	return value
}
