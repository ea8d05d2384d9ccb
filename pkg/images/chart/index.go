package chart

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/Masterminds/semver/v3"
	"sigs.k8s.io/yaml"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/bounded/yamlbound"
)

// Bounds of a repository's index.yaml. The largest public ones have some tens of MiB.
const (
	maxIndexBytes = 64 << 20
	maxEntries    = 20_000 // versions of one chart
	maxEntryBytes = 1 << 20
)

// index is the part of a repository's index.yaml that is read
// (https://helm.sh/docs/topics/chart_repository/).
type index struct {
	Entries map[string][]indexEntry `json:"entries"`
}

type indexEntry struct {
	Version string   `json:"version"`
	URLs    []string `json:"urls"`
	Digest  string   `json:"digest"`
}

// readIndex returns the entries of one chart in an index.yaml. A YAML parser needs a hundred
// times the size of the index as memory. Therefore only the entries of the chart are parsed, one
// by one, if the index has the form that Helm writes: YAML in block style, or JSON.
func readIndex(text []byte, name string) ([]indexEntry, error) {
	if first := bytes.TrimLeft(text, " \t\r\n"); len(first) > 0 && first[0] == '{' {
		if entries, err := readJSONIndex(text, name); err == nil {
			return entries, nil
		}
	}
	if entries, ok, err := readBlockIndex(text, name); ok {
		return entries, err
	}
	if err := yamlbound.Check(text); err != nil {
		return nil, err
	}
	var found index
	err := yaml.Unmarshal(text, &found)
	return found.Entries[name], err
}

// readJSONIndex reads an index in JSON.
func readJSONIndex(text []byte, name string) (entries []indexEntry, err error) {
	decoder := json.NewDecoder(bytes.NewReader(text))
	err = fields(decoder, func(field string) error {
		if field != "entries" {
			return decoder.Decode(&json.RawMessage{})
		}
		return fields(decoder, func(chart string) error {
			if chart != name {
				return decoder.Decode(&json.RawMessage{})
			}
			entries, err = listed(decoder)
			return err
		})
	})
	return entries, err
}

// fields calls read for the value of each field of an object.
func fields(decoder *json.Decoder, read func(field string) error) error {
	if err := delimiter(decoder, '{'); err != nil {
		return err
	}
	for decoder.More() {
		token, err := decoder.Token()
		if err != nil {
			return err
		}
		field, _ := token.(string)
		if err := read(field); err != nil {
			return err
		}
	}
	return delimiter(decoder, '}')
}

// listed reads a list of entries.
func listed(decoder *json.Decoder) ([]indexEntry, error) {
	if err := delimiter(decoder, '['); err != nil {
		return nil, err
	}
	var entries []indexEntry
	for decoder.More() {
		var entry indexEntry
		if err := decoder.Decode(&entry); err != nil {
			return nil, err
		}
		if entries = append(entries, entry); len(entries) > maxEntries {
			return nil, fmt.Errorf("the index has more than %d versions of the chart", maxEntries)
		}
	}
	return entries, delimiter(decoder, ']')
}

func delimiter(decoder *json.Decoder, want json.Delim) error {
	token, err := decoder.Token()
	if err == nil && token != want {
		return fmt.Errorf("unexpected %v in place of %v", token, want)
	}
	return err
}

// readBlockIndex reads an index in YAML block style. ok is false if the style is another or not
// certain.
func readBlockIndex(text []byte, name string) (entries []indexEntry, ok bool, err error) {
	items, ok := itemsOf(text, name)
	if !ok {
		return nil, false, nil
	}
	if len(items) > maxEntries {
		return nil, true, fmt.Errorf("the index has more than %d versions of the chart", maxEntries)
	}
	for _, item := range items {
		if len(item) > maxEntryBytes {
			return nil, true, fmt.Errorf("the index has more than %d KiB about one version of the chart", maxEntryBytes>>10)
		}
		found, ok := readItem(item)
		if !ok {
			return nil, false, nil
		}
		entries = append(entries, found...)
	}
	return entries, true, nil
}

// readItem reads an item of a list. ok is false if the item depends on other text, such as an
// alias.
func readItem(text []byte) (entries []indexEntry, ok bool) {
	if yamlbound.Check(text) != nil {
		return nil, false
	}
	err := yaml.Unmarshal(text, &entries)
	return entries, err == nil
}

// itemsOf returns the text of each item in the list of a chart, below "entries". ok is false if
// the lines cannot be assigned.
func itemsOf(text []byte, name string) (items [][]byte, ok bool) {
	entries, ok := bytes.CutPrefix(text, []byte("entries:\n"))
	if !ok {
		if _, entries, ok = bytes.Cut(text, []byte("\nentries:\n")); !ok {
			return nil, false
		}
	}
	c := cutter{text: entries, name: name, names: -1, item: -1}
	at := 0
	for line := range bytes.Lines(entries) {
		done, ok := c.line(line, at)
		if done || !ok {
			return c.items, ok
		}
		at += len(line)
	}
	c.end(at)
	return c.items, true
}

// cutter cuts the items of one chart out of the entries of an index.
type cutter struct {
	text    []byte
	name    string
	names   int      // indentation of names, -1 before the first
	inside  bool     // in the entry of the chart
	item    int      // start of the current item, -1 for none
	indents int      // indentation of items
	items   [][]byte // complete items
}

// line reads the line at an offset. done is true at the end of the entry.
func (c *cutter) line(line []byte, at int) (done, ok bool) {
	trimmed := bytes.TrimLeft(line, " ")
	indent := len(line) - len(trimmed)
	trimmed = bytes.TrimSpace(trimmed)
	if len(trimmed) == 0 || trimmed[0] == '#' {
		return false, true
	}
	if c.names < 0 {
		c.names = indent
	}
	dash := trimmed[0] == '-'
	switch {
	case c.names == 0:
		return false, false
	case c.inside && (indent > c.names || indent == c.names && dash):
		return len(c.items) > maxEntries, c.within(indent, dash, at)
	case c.inside || indent < c.names:
		c.end(at)
		return true, true
	}
	c.inside = indent == c.names && isKey(trimmed, c.name)
	return false, true
}

// within reads a line of the entry: the start of an item or a part of one.
func (c *cutter) within(indent int, dash bool, at int) (ok bool) {
	if dash && (c.item < 0 || indent == c.indents) {
		c.end(at)
		c.item, c.indents = at, indent
		return true
	}
	return c.item >= 0 && indent > c.indents
}

// end ends the current item, if there is one.
func (c *cutter) end(at int) {
	if c.item >= 0 {
		c.items = append(c.items, c.text[c.item:at])
	}
}

// isKey reports whether a line is only a key, with its value in the next lines.
func isKey(line []byte, name string) bool {
	key, ok := strings.CutSuffix(string(line), ":")
	return ok && strings.Trim(key, `"'`) == name
}

// choose returns the entry of a version or, for a constraint, of the newest version that
// satisfies it.
func choose(entries []indexEntry, version string) (indexEntry, error) {
	constraint, _ := semver.NewConstraint(version)
	var best indexEntry
	var newest *semver.Version
	for _, entry := range entries {
		if len(entry.URLs) == 0 {
			continue
		}
		if strings.TrimPrefix(entry.Version, "v") == strings.TrimPrefix(version, "v") {
			return entry, nil
		}
		v, err := semver.NewVersion(entry.Version)
		if err == nil && constraint != nil && constraint.Check(v) && (newest == nil || v.GreaterThan(newest)) {
			best, newest = entry, v
		}
	}
	if newest == nil {
		return best, errors.New("the repository does not have this version of the chart")
	}
	return best, nil
}
