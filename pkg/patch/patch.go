// Package patch knows which settings of the KubermaticConfiguration, of Seeds and of their
// datacenters let KKP and nodes pull from a mirror. It computes these settings as edits, and
// which images the edits redirect. Package apply knows how objects are changed. Package patch
// must not know whether the mirror has the images.
package patch

import (
	"fmt"
	"slices"
	"strings"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/patch/apply"
)

// The kinds of objects that are changed.
const (
	KindConfiguration = "KubermaticConfiguration"
	KindSeed          = "Seed"
	KindSecret        = "Secret"
)

// Object is an object of KKP with the fields to set.
type Object struct {
	Kind  string
	Name  string
	Edits []apply.Edit
}

// Omission is a list of fields that are not set, with the reason.
type Omission struct {
	Reason  string
	Fields  []string
	Covered bool // KKP pulls from the mirror without these fields
}

// Selection limits the fields to set. A name is the path of a field or the first elements of
// a path, with or without "spec.".
type Selection struct {
	Only   []string // none: all
	Except []string
}

// Has reports whether a field is selected.
func (s Selection) Has(path apply.Path) bool {
	matches := func(name string) bool { return names(name, path) }
	return (len(s.Only) == 0 || slices.ContainsFunc(s.Only, matches)) && !slices.ContainsFunc(s.Except, matches)
}

// check returns an error if a name matches none of the fields.
func (s Selection) check(fields []apply.Path) error {
	for _, name := range slices.Concat(s.Only, s.Except) {
		if slices.ContainsFunc(fields, func(path apply.Path) bool { return names(name, path) }) {
			continue
		}
		if current, ok := CurrentName(name); ok {
			return fmt.Errorf("no field %q: %s", name, current)
		}
		var all []string
		for _, path := range fields {
			all = append(all, strings.TrimPrefix(path.String(), "spec."))
		}
		slices.Sort(all)
		return fmt.Errorf("no field %q. The fields are:\n  %s", name, strings.Join(slices.Compact(all), "\n  "))
	}
	return nil
}

// names reports whether a name matches a field.
func names(name string, path apply.Path) bool {
	prefix := apply.ParsePath(name)
	return path.Within(prefix) || path.Within(append(apply.Path{"spec"}, prefix...))
}
