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

// Hole is a value, or a part of one, that may lead into references.
type Hole struct {
	At         []any  // keys and, in lists, indexes
	Text       string // the whole value, "" if it is not set
	Start, End int    // of the part
}

// Part is what is there now.
func (h Hole) Part() string { return h.Text[h.Start:h.End] }

// isTemplate tells whether it is rendered itself, so that it is not known what of.
func (h Hole) isTemplate() bool { return strings.Contains(h.Part(), "{{") }

// InList tells whether it stands in a list, which Helm replaces as a whole.
func (h Hole) InList() bool {
	return slices.ContainsFunc(h.At, func(step any) bool { _, index := step.(int); return index })
}

// Key is how people write the place of a value: "a.b[0].c".
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

// setHoles returns the parts of values that references can be made of: what is a part of
// the name of one that is there, what has one in it, and templates.
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

// unsetHoles returns the values that are empty or not there, and whose names say that they
// may be about images. Whether they are is found out.
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

// eachText calls visit for the texts in values, and for what is null, which counts as empty.
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

// lookup returns what stands at a place.
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

// free tells whether a value can be put where there is none: what is around it are tables.
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

// shadowed tells whether a value of a subchart is one that it has from the values of all
// charts: these win.
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

// Override returns the values that fill holes. Lists are written out whole, as Helm
// replaces them.
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

// with puts a text at a place.
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

// copied is a deep copy of a value.
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
