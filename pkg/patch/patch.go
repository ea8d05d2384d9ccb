// Package patch knows which settings of a KKP installation make it pull from a mirror: in
// the KubermaticConfiguration, and in Seeds and their datacenters. It works them out as
// edits, and which images they redirect; how objects are changed is for the package apply,
// and whether the mirror has the images for others.
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

// Object names an object and the fields that it is to have.
type Object struct {
	Kind  string
	Name  string
	Edits []apply.Edit
}

// Omission names fields that are left as they are, and why.
type Omission struct {
	Reason string
	Fields []string
}

// Selection says which fields are to be set. A field is named with or without "spec.", and
// with all or the first elements of its path.
type Selection struct {
	Only   []string // none: all
	Except []string
}

// Has tells whether a field is selected.
func (s Selection) Has(path apply.Path) bool {
	matches := func(name string) bool { return names(name, path) }
	return (len(s.Only) == 0 || slices.ContainsFunc(s.Only, matches)) && !slices.ContainsFunc(s.Except, matches)
}

// check fails if a name means none of the fields.
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

// names tells whether a name means a field.
func names(name string, path apply.Path) bool {
	prefix := apply.ParsePath(name)
	return path.Within(prefix) || path.Within(append(apply.Path{"spec"}, prefix...))
}
