// Package settings reads default values for flags from a file and from the environment. It knows
// their names, types and origins. It must not know the commands, nor the meaning of a value.
package settings

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// Kind is the type of a setting.
type Kind string

// The types of settings.
const (
	Text     Kind = "text"
	List     Kind = "list"     // of texts
	Number   Kind = "number"   // a whole number
	Duration Kind = "duration" // such as 90s; a text that Go parses
)

// Key is a setting that can be made.
type Key struct {
	Name string // of the flag, such as "ca-file"
	Kind Kind
}

// Variable is the name of the environment variable for the setting, such as "KKP_MIRROR_CA_FILE".
func (k Key) Variable() string {
	return "KKP_MIRROR_" + strings.ToUpper(strings.ReplaceAll(k.Name, "-", "_"))
}

// Setting is a value with its origin.
type Setting struct {
	Name   string   // of the flag
	Values []string // one, unless the setting is a list
	Origin string   // "FILE:LINE" or "$VARIABLE"
	File   string   // the file of the origin; "": the environment
}

// Merge returns the settings of both lists, ordered by name. A setting of the first list takes
// precedence over a setting of the second list with the same name.
func Merge(first, second []Setting) []Setting {
	merged := slices.Clone(first)
	for _, setting := range second {
		if _, ok := Find(first, setting.Name); !ok {
			merged = append(merged, setting)
		}
	}
	slices.SortFunc(merged, func(a, b Setting) int { return strings.Compare(a.Name, b.Name) })
	return merged
}

// Find returns the setting with a name.
func Find(settings []Setting, name string) (Setting, bool) {
	i := slices.IndexFunc(settings, func(s Setting) bool { return s.Name == name })
	if i < 0 {
		return Setting{}, false
	}
	return settings[i], true
}

// FromEnvironment returns the settings of the environment. An empty variable sets nothing. The
// values of a list are separated by commas. The error names the variable, and not its value.
func FromEnvironment(keys []Key, lookup func(string) (string, bool)) ([]Setting, error) {
	var found []Setting
	for _, key := range keys {
		text, _ := lookup(key.Variable())
		if text == "" {
			continue
		}
		values := []string{text}
		if key.Kind == List {
			values = strings.Split(text, ",")
		}
		if err := checkNumber(key, text); err != nil {
			return nil, fmt.Errorf("$%s: %w", key.Variable(), err)
		}
		found = append(found, Setting{Name: key.Name, Values: values, Origin: "$" + key.Variable()})
	}
	return found, nil
}

func checkNumber(key Key, text string) error {
	if key.Kind != Number {
		return nil
	}
	if _, err := strconv.Atoi(text); err != nil {
		return wrongType(key)
	}
	return nil
}

func wrongType(key Key) error {
	wanted := map[Kind]string{
		Text: "a text", List: "a list of texts, such as [a, b]", Number: "a whole number", Duration: "a duration, such as 90s",
	}
	return fmt.Errorf("%s must be %s", key.Name, wanted[key.Kind])
}
