// Package yamlbound checks whether untrusted YAML can be parsed in bounded memory and time,
// by any parser. It must not know what the YAML describes.
package yamlbound

import (
	"bytes"
	"errors"
	"fmt"

	"go.yaml.in/yaml/v3"
)

// Limits of a document. A parser needs about 200 bytes of memory for a value.
const (
	MaxBytes   = 16 << 20
	maxMarks   = 500_000 // characters that can separate values
	maxAliased = 100_000 // values in the expansion of aliases
	maxCopied  = 8 << 20 // bytes of text in the expansion of aliases
)

// Check returns an error if a document must not be parsed: it is too large, has too many
// values, or aliases that expand to too much. Check does not report syntax errors.
func Check(data []byte) error {
	if len(data) > MaxBytes {
		return fmt.Errorf("the YAML has %d MiB, more than the limit of %d MiB", len(data)>>20, MaxBytes>>20)
	}
	marks := 0
	for _, mark := range []byte("\n,:-[{?") {
		marks += bytes.Count(data, []byte{mark})
	}
	if marks > maxMarks {
		return fmt.Errorf("the YAML has more than about %d values", maxMarks)
	}
	if !bytes.ContainsRune(data, '&') || !bytes.ContainsRune(data, '*') {
		return nil // there is no alias
	}
	return checkAliases(data)
}

// checkAliases computes the size of the document with all aliases expanded. Nested aliases
// multiply it.
func checkAliases(data []byte) (err error) {
	defer func() {
		if r := recover(); r != nil { // parsers have panicked on such input
			err = fmt.Errorf("the YAML parser failed: %v", r)
		}
	}()
	var node yaml.Node
	if err := yaml.Unmarshal(data, &node); err != nil {
		return err
	}
	scale := scale{weights: map[*yaml.Node]*weight{}}
	whole, err := scale.weigh(&node)
	switch {
	case err != nil:
		return err
	case whole.aliased > maxAliased:
		return fmt.Errorf("the aliases expand to more than %d values", maxAliased)
	case whole.copied > maxCopied:
		return fmt.Errorf("the aliases expand to more than %d MiB of text", maxCopied>>20)
	}
	return nil
}

// weight is the size of a node with all aliases expanded.
type weight struct {
	values, bytes   int // in total
	aliased, copied int // of these, from aliases
}

// add adds the size of an inner node, up to far beyond the limits.
func (w *weight) add(inner weight) {
	const most = 1 << 40
	w.values, w.bytes = min(most, w.values+inner.values), min(most, w.bytes+inner.bytes)
	w.aliased, w.copied = min(most, w.aliased+inner.aliased), min(most, w.copied+inner.copied)
}

// scale computes the size of each node once.
type scale struct {
	weights map[*yaml.Node]*weight // nil while the size of a node is computed
}

func (s scale) weigh(node *yaml.Node) (weight, error) {
	known, ok := s.weights[node]
	switch {
	case ok && known == nil:
		return weight{}, errors.New("an alias refers to a value that contains the alias")
	case ok:
		return *known, nil
	}
	s.weights[node] = nil
	found := weight{values: 1, bytes: len(node.Value)}
	if node.Kind == yaml.AliasNode {
		inner, err := s.weigh(node.Alias)
		if err != nil {
			return weight{}, err
		}
		found = weight{inner.values, inner.bytes, inner.values, inner.bytes}
	}
	for _, child := range node.Content {
		inner, err := s.weigh(child)
		if err != nil {
			return weight{}, err
		}
		found.add(inner)
	}
	s.weights[node] = &found
	return found, nil
}
