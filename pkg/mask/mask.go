// Package mask hides credentials in objects that are printed: in diffs, documents and
// errors. It recognizes credentials by the names of fields, in Secrets, in URLs, and in
// documents within texts. It must not know what objects are for, nor how they are printed.
package mask

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// Hidden replaces a hidden value.
const Hidden = "***"

// maxDepth is the maximum depth of documents within documents.
const maxDepth = 8

// Object returns a copy of an object with masked credentials.
func Object(object map[string]any) map[string]any {
	masked, _ := Pair(object, nil)
	return masked
}

// Pair is Object for two versions of an object; each may be nil. The masks show whether a
// credential differs.
func Pair(before, after map[string]any) (maskedBefore, maskedAfter map[string]any) {
	old, fresh := masker{}.value(optional(before), optional(after), plain)
	maskedBefore, _ = old.(map[string]any)
	maskedAfter, _ = fresh.(map[string]any)
	return maskedBefore, maskedAfter
}

// Text masks the credentials in a text: in URLs, in documents, in lines that set a field,
// and in private keys.
func Text(text string) string {
	masked, _ := masker{}.value(text, nil, plain)
	return fmt.Sprint(masked)
}

func optional(object map[string]any) any {
	if object == nil {
		return nil
	}
	return object
}

// context is the way in which a value is masked.
type context int

const (
	plain  context = iota // an ordinary value
	secret                // a credential
	parts                 // a map whose values are credentials, except references
)

// masker masks two versions of a value. Its depth counts nested documents.
type masker struct{ depth int }

func (m masker) value(before, after any, as context) (any, any) {
	_, oldTable := before.(map[string]any)
	_, newTable := after.(map[string]any)
	_, oldList := before.([]any)
	_, newList := after.([]any)
	switch {
	case oldTable || newTable:
		return m.tables(before, after, as)
	case oldList || newList:
		return m.lists(before, after, as)
	default:
		return m.scalars(before, after, as)
	}
}

// tables masks maps. If one value is not a map, each is masked alone.
func (m masker) tables(before, after any, as context) (any, any) {
	olds, isOld := before.(map[string]any)
	news, isNew := after.(map[string]any)
	if before != nil && !isOld || after != nil && !isNew {
		return m.apart(before, after, as)
	}
	maskedOld, maskedNew := maps.Clone(olds), maps.Clone(news)
	if as == secret {
		as = parts
	}
	for key := range both(olds, news) {
		old, was := olds[key]
		fresh, is := news[key]
		old, fresh = m.value(old, fresh, fieldOf(key, as, olds, news))
		if was {
			maskedOld[key] = old
		}
		if is {
			maskedNew[key] = fresh
		}
	}
	return optional(maskedOld), optional(maskedNew)
}

// apart masks two values of different types, each alone.
func (m masker) apart(before, after any, as context) (any, any) {
	before, _ = m.value(before, nil, as)
	_, after = m.value(nil, after, as)
	return before, after
}

// both returns the keys of two maps.
func both(a, b map[string]any) map[string]any {
	all := map[string]any{}
	maps.Copy(all, a)
	maps.Copy(all, b)
	return all
}

// fieldOf returns how the value of a field is masked, from both versions of its map.
func fieldOf(key string, as context, versions ...map[string]any) context {
	table := false
	for _, version := range versions {
		if version["kind"] == "Secret" && (key == "data" || key == "stringData") {
			return secret
		}
		for _, name := range []string{"name", "key"} { // as in {name: ADMIN_PASSWORD, value: …}
			if text, ok := version[name].(string); ok && key == "value" && secretName(text) {
				return secret
			}
		}
		table = table || isTable(version[key])
	}
	switch {
	case strings.EqualFold(key, "auth") && table: // such as a section of settings
		return plain
	case (key == "key" || key == "keys") && table, secretName(key), as == parts && !isReference(key):
		return secret
	default:
		return plain
	}
}

// isTable reports whether a value is a map, or a list of maps.
func isTable(value any) bool {
	if list, ok := value.([]any); ok && len(list) > 0 {
		value = list[0]
	}
	_, ok := value.(map[string]any)
	return ok
}

// lists masks lists, element by element.
func (m masker) lists(before, after any, as context) (any, any) {
	olds, isOld := before.([]any)
	news, isNew := after.([]any)
	if before != nil && !isOld || after != nil && !isNew {
		return m.apart(before, after, as)
	}
	maskedOld, maskedNew := slices.Clone(olds), slices.Clone(news)
	for i := range max(len(olds), len(news)) {
		old, fresh := m.value(at(olds, i), at(news, i), as)
		if i < len(olds) {
			maskedOld[i] = old
		}
		if i < len(news) {
			maskedNew[i] = fresh
		}
	}
	if before == nil {
		return nil, maskedNew
	}
	if after == nil {
		return maskedOld, nil
	}
	return maskedOld, maskedNew
}

// at returns an element of a list, or nil beyond its end.
func at(list []any, i int) any {
	if i < len(list) {
		return list[i]
	}
	return nil
}

// scalars masks strings and numbers.
func (m masker) scalars(before, after any, as context) (any, any) {
	if as == plain {
		old, wasText := before.(string)
		fresh, isText := after.(string)
		if !wasText && !isText {
			return before, after
		}
		maskedOld, masked := m.texts(old, fresh)
		return chosen(before, wasText, maskedOld), chosen(after, isText, masked)
	}
	old, fresh := cover(before), cover(after)
	if old == Hidden && fresh == Hidden && before != after {
		return Hidden + " (before)", Hidden + " (after)"
	}
	return old, fresh
}

func chosen(value any, isText bool, masked string) any {
	if isText {
		return masked
	}
	return value
}

// cover hides a value, except booleans and empty values.
func cover(value any) any {
	switch value {
	case nil, "", true, false:
		return value
	}
	return Hidden
}

// texts masks two texts: as documents if they are documents, else line by line.
func (m masker) texts(before, after string) (string, string) {
	old, fresh, ok := m.documents(before, after)
	if !ok {
		old, fresh = inText(before), inText(after)
	}
	if before != after && old == fresh && strings.Contains(old, Hidden) {
		return old + " (before)", fresh + " (after)"
	}
	return old, fresh
}
