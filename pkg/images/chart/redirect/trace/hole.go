package trace

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/chart"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/chart/redirect/manifestdiff"
)

// Hole is a value, or a part of a value, that can appear in references.
type Hole struct {
	At         []any  // keys and, in lists, indexes
	Text       string // whole value, "" if not set
	Start, End int    // offsets of the part in Text
}

// Part returns the current text of the hole.
func (h Hole) Part() string { return h.Text[h.Start:h.End] }

// isTemplate reports whether the value is a template: then its rendered text is unknown.
func (h Hole) isTemplate() bool { return strings.Contains(h.Part(), "{{") }

// InList reports whether the hole is in a list. Helm replaces whole lists.
func (h Hole) InList() bool {
	return slices.ContainsFunc(h.At, func(step any) bool { _, index := step.(int); return index })
}

// Key returns the key of the value as users write it: "a.b[0].c".
func (h Hole) Key() string {
	var text strings.Builder
	for _, step := range h.At {
		switch step := step.(type) {
		case string:
			if text.Len() > 0 {
				text.WriteByte('.')
			}
			text.WriteString(strings.ReplaceAll(step, ".", `\.`))
		case int:
			fmt.Fprintf(&text, "[%d]", step)
		}
	}
	return text.String()
}

// setHoles returns the holes of values that are set: values that are a part of a known repository
// name, values that contain one, and templates.
func setHoles(all map[string]any, references []string) []Hole {
	var names []string
	for _, reference := range references {
		names = append(names, manifestdiff.NameOf(reference))
	}
	var found []Hole
	eachText(all, nil, func(at []any, text string) {
		if shadowed(all, at) || len(text) < 2 {
			return
		}
		mine := manifestdiff.NameOf(text)
		if strings.Contains(text, "{{") || mine != "" && slices.ContainsFunc(names, func(name string) bool { return strings.Contains(name, mine) }) {
			if !strings.Contains(text, "\n") {
				found = append(found, Hole{At: at, Text: text, End: len(text)})
			}
			return
		}
		for i, reference := range references {
			start := strings.Index(text, reference)
			if start >= 0 && strings.ContainsAny(reference, "/:") && !slices.Contains(references[:i], reference) {
				found = append(found, Hole{at, text, start, start + len(reference)})
			}
		}
	})
	return found
}

// unsetHoles returns the holes of values that are empty or missing, and whose names can mean
// images. The trace finds out whether they do.
func unsetHoles(all map[string]any, mentions chart.Mentions, beside [][]any) []Hole {
	about := regexp.MustCompile(`(?i)regist|repo|image|hub|mirror|prefix`)
	var found []Hole
	eachText(all, nil, func(at []any, text string) {
		if name, _ := at[len(at)-1].(string); text == "" && about.MatchString(name) && !shadowed(all, at) {
			found = append(found, Hole{At: at})
		}
	})
	for _, path := range mentions.Paths {
		at := make([]any, 0, len(path))
		for _, name := range path {
			at = append(at, name)
		}
		if about.MatchString(path[len(path)-1]) && free(all, at) && !shadowed(all, at) {
			found = append(found, Hole{At: at})
		}
	}
	for _, path := range beside {
		for _, name := range mentions.Fields {
			at := append(slices.Clone(path[:len(path)-1]), any(name))
			if about.MatchString(name) && free(all, at) {
				found = append(found, Hole{At: at})
			}
		}
	}
	slices.SortStableFunc(found, func(a, b Hole) int { return len(a.At) - len(b.At) })
	seen := map[string]bool{}
	return slices.DeleteFunc(found, func(h Hole) bool {
		repeated := seen[h.Key()]
		seen[h.Key()] = true
		return repeated
	})
}

// eachText calls visit for each text in values. null counts as an empty text.
func eachText(value any, at []any, visit func([]any, string)) {
	switch value := value.(type) {
	case map[string]any:
		for _, key := range slices.Sorted(maps.Keys(value)) {
			eachText(value[key], append(slices.Clone(at), key), visit)
		}
	case []any:
		for i, inner := range value {
			eachText(inner, append(slices.Clone(at), i), visit)
		}
	case string:
		visit(at, value)
	case nil:
		visit(at, "")
	}
}

// lookup returns the value at a path.
func lookup(value any, at []any) (any, bool) {
	for _, step := range at {
		switch step := step.(type) {
		case string:
			table, _ := value.(map[string]any)
			inner, ok := table[step]
			if !ok {
				return nil, false
			}
			value = inner
		case int:
			list, _ := value.([]any)
			if step >= len(list) {
				return nil, false
			}
			value = list[step]
		}
	}
	return value, true
}

// free reports whether a missing value can be set: all values on its path are maps.
func free(all map[string]any, at []any) bool {
	for i := range at {
		value, ok := lookup(all, at[:i])
		if !ok {
			return true
		}
		if _, table := value.(map[string]any); !table {
			return false
		}
	}
	_, there := lookup(all, at)
	return !there
}

// shadowed reports whether a value of a subchart is a global value. Global values of the parent
// chart have priority.
func shadowed(all map[string]any, at []any) bool {
	for i, step := range at {
		if i > 0 && step == "global" {
			_, there := lookup(all, at[i:])
			return there
		}
	}
	return false
}

// Filling is a text for a hole.
type Filling struct {
	Hole Hole
	Text string
}

// Override returns the values for some fillings. Lists are complete, because Helm replaces whole
// lists.
func Override(all map[string]any, fillings []Filling) map[string]any {
	byKey := map[string][]Filling{}
	for _, f := range fillings {
		byKey[f.Hole.Key()] = append(byKey[f.Hole.Key()], f)
	}
	var values any = map[string]any{}
	for _, key := range slices.Sorted(maps.Keys(byKey)) {
		parts := byKey[key]
		slices.SortFunc(parts, func(a, b Filling) int { return b.Hole.Start - a.Hole.Start })
		text := parts[0].Hole.Text
		for _, f := range parts {
			text = text[:f.Hole.Start] + f.Text + text[f.Hole.End:]
		}
		values = with(values, all, parts[0].Hole.At, text)
	}
	return values.(map[string]any)
}

// with sets a text at a path.
func with(existing, original any, at []any, text string) any {
	if len(at) == 0 {
		return text
	}
	if index, ok := at[0].(int); ok {
		list, _ := existing.([]any)
		there, _ := original.([]any)
		if list == nil {
			list, _ = copied(there).([]any)
		}
		list[index] = with(list[index], there[index], at[1:], text)
		return list
	}
	key, _ := at[0].(string)
	table, _ := existing.(map[string]any)
	if table == nil {
		table = map[string]any{}
	}
	there, _ := original.(map[string]any)
	table[key] = with(table[key], there[key], at[1:], text)
	return table
}

// copied returns a deep copy of a value.
func copied(value any) any {
	switch value := value.(type) {
	case map[string]any:
		table := make(map[string]any, len(value))
		for key, inner := range value {
			table[key] = copied(inner)
		}
		return table
	case []any:
		list := make([]any, 0, len(value))
		for _, inner := range value {
			list = append(list, copied(inner))
		}
		return list
	}
	return value
}
