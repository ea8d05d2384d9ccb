// Package yamlbound tells whether YAML that others wrote can be read in bounded memory and
// time, whatever reads it then. It knows YAML, and nothing of what is written in it.
package yamlbound

import (
	"bytes"
	"errors"
	"fmt"

	"go.yaml.in/yaml/v3"
)

// Limits of a document. A value takes about 200 bytes of memory in a parser.
const (
	MaxBytes   = 16 << 20
	maxMarks   = 500_000 // characters that can part values
	maxAliased = 100_000 // values that aliases stand for
	maxCopied  = 8 << 20 // bytes of text that aliases stand for
)

// Check returns why a document must not be read, nil if it may: it is too large, has too
// many values, or aliases that stand for too much. Whether it is YAML otherwise is up to
// who reads it.
func Check(data []byte) error {
	if len(data) > MaxBytes {
		return fmt.Errorf("%d MiB of YAML: at most %d are read", len(data)>>20, MaxBytes>>20)
	}
	marks := 0
	for _, mark := range []byte("\n,:-[{?") {
		marks += bytes.Count(data, []byte{mark})
	}
	if marks > maxMarks {
		return fmt.Errorf("more than about %d values of YAML", maxMarks)
	}
	if !bytes.ContainsRune(data, '&') || !bytes.ContainsRune(data, '*') {
		return nil // no alias
	}
	return checkAliases(data)
}

// checkAliases weighs what aliases stand for. They multiply: each may name a list of others.
func checkAliases(data []byte) (err error) {
	defer func() {
		if r := recover(); r != nil { // the parser has had faults of this kind
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
		return fmt.Errorf("aliases stand for more than %d values", maxAliased)
	case whole.copied > maxCopied:
		return fmt.Errorf("aliases stand for more than %d MiB of text", maxCopied>>20)
	}
	return nil
}

// weight is what a node comes to when it is written out.
type weight struct {
	values, bytes   int // in all
	aliased, copied int // of these, by aliases
}

// add adds what is in the node, up to numbers far beyond the limits.
func (w *weight) add(inner weight) {
	const most = 1 << 40
	w.values, w.bytes = min(most, w.values+inner.values), min(most, w.bytes+inner.bytes)
	w.aliased, w.copied = min(most, w.aliased+inner.aliased), min(most, w.copied+inner.copied)
}

// scale weighs each node once.
type scale struct {
	weights map[*yaml.Node]*weight // nil while a node is being weighed
}

func (s scale) weigh(node *yaml.Node) (weight, error) {
	known, ok := s.weights[node]
	switch {
	case ok && known == nil:
		return weight{}, errors.New("an alias stands for something that it is a part of")
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
