package settings

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/bounded/yamlbound"
)

// MaxBytes is the largest size of a file, in bytes.
const MaxBytes = 64 << 10

// FromFile returns the settings of a file, one YAML document: a mapping from names to values. An
// unknown name, a value of another type and a name that occurs twice are errors. The error names
// the file and the line, and never a value: a value can be a password in the wrong place.
func FromFile(name string, data []byte, keys []Key) ([]Setting, error) {
	if len(data) > MaxBytes {
		return nil, fmt.Errorf("%s: larger than %d KiB", name, MaxBytes>>10)
	}
	if err := yamlbound.Check(data); err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	root, err := parse(data)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	if root == nil {
		return nil, nil
	}
	if root.Kind != yaml.MappingNode {
		return nil, fmt.Errorf("%s:%d: the file must be a YAML mapping from the names of flags to values", name, root.Line)
	}
	var found []Setting
	for i := 0; i+1 < len(root.Content); i += 2 {
		setting, err := read(root.Content[i], root.Content[i+1], keys)
		if _, twice := Find(found, setting.Name); err == nil && twice {
			err = fmt.Errorf("%s is set twice", setting.Name)
		}
		origin := fmt.Sprintf("%s:%d", name, root.Content[i].Line)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", origin, err)
		}
		setting.Origin, setting.File = origin, name
		found = append(found, setting)
	}
	return found, nil
}

// parse returns the top node of the only document, nil if the document is empty.
func parse(data []byte) (root *yaml.Node, err error) {
	defer func() {
		if r := recover(); r != nil { // parsers have panicked on such input
			root, err = nil, errors.New("the YAML parser failed")
		}
	}()
	decoder := yaml.NewDecoder(bytes.NewReader(data))
	var document, second yaml.Node
	if err := decoder.Decode(&document); errors.Is(err, io.EOF) {
		return nil, nil
	} else if err != nil {
		return nil, err
	}
	root = document.Content[0]
	if root.Kind == yaml.ScalarNode && root.Tag == "!!null" {
		root = nil
	}
	if err := decoder.Decode(&second); root == nil || errors.Is(err, io.EOF) || isObject(root) {
		return root, nil
	}
	return nil, errors.New("the file must have one YAML document")
}

// read reads a name and its value.
func read(name, value *yaml.Node, keys []Key) (Setting, error) {
	i := slices.IndexFunc(keys, func(k Key) bool { return name.Kind == yaml.ScalarNode && k.Name == name.Value })
	if i < 0 {
		return Setting{}, unknown(name, keys)
	}
	key := keys[i]
	values, ok := scalars(key, value)
	if !ok {
		return Setting{}, wrongType(key)
	}
	return Setting{Name: key.Name, Values: values}, checkNumber(key, values[0])
}

// scalars returns the values of a node if the node has the type of the key.
func scalars(key Key, node *yaml.Node) ([]string, bool) {
	tag := "!!str"
	if key.Kind == Number {
		tag = "!!int"
	}
	nodes := []*yaml.Node{node}
	if key.Kind == List {
		if node.Kind != yaml.SequenceNode || len(node.Content) == 0 {
			return nil, false
		}
		nodes = node.Content
	}
	var values []string
	for _, n := range nodes {
		if n.Kind != yaml.ScalarNode || n.Tag != tag || n.Value == "" {
			return nil, false
		}
		values = append(values, n.Value)
	}
	return values, true
}

// unknown is the error for a name that is not a setting.
func unknown(name *yaml.Node, keys []Key) error {
	if name.Kind != yaml.ScalarNode {
		return errors.New("the name of a setting must be a text")
	}
	text := strings.ToLower(name.Value)
	if text == "apiversion" || text == "kind" {
		return errors.New("this is a Kubernetes object, and not a configuration file of kkp-mirror; pass a KubermaticConfiguration with -f (--filename)")
	}
	for _, part := range []string{"password", "username", "token", "secret", "credential", "auth"} {
		if strings.Contains(text, part) {
			return fmt.Errorf("%q: this file has no credentials; log in with docker login or podman login", name.Value)
		}
	}
	var names []string
	for _, key := range keys {
		names = append(names, key.Name)
	}
	return fmt.Errorf("unknown setting %q; known settings: %s", name.Value, strings.Join(names, ", "))
}

// isObject tells whether a node is a Kubernetes object.
func isObject(node *yaml.Node) bool {
	return slices.ContainsFunc(node.Content, func(n *yaml.Node) bool { return n.Value == "apiVersion" })
}
