package archtest

import (
	"fmt"
	"slices"
	"strings"
)

// Rules are the import rules of a module. Packages are named by directory. A rule for a directory
// also applies to the packages below it, unless they have their own rule.
type Rules struct {
	Module string
	// Imports has, for each package, the packages of the module that it may import. Packages below
	// it are always allowed. A package without an entry is a violation.
	Imports map[string][]string
	// Calls has the packages that may only call one function of another package.
	Calls map[string]Call
	// Only has the libraries that only some packages may import.
	Only []Only
	// Chains bound the import paths between two packages.
	Chains []Chain
}

// Chain bounds the number of packages between two packages, on every import path.
type Chain struct {
	From, To string
	AtMost   int
}

// Call is the function that a package may call, and the libraries that it may import in addition to
// the standard library.
type Call struct {
	Package, Func string
	With          []string // libraries for the arguments of the call
}

// Only restricts the import of packages at and below a path to some packages of the module.
type Only struct {
	Library string
	For     []string
	Why     string
}

// Check returns the violations, one sentence each.
func (r Rules) Check(packages []Package) []string {
	var found []string
	for _, p := range packages {
		if !p.Documented {
			found = append(found, fmt.Sprintf("%s: no package comment", p.Dir))
		}
		place, ok := r.place(p.Dir)
		if !ok {
			found = append(found, fmt.Sprintf("%s: has no place in the rules", p.Dir))
			continue
		}
		for _, i := range p.Imports {
			for _, reason := range r.checkImport(place, i) {
				found = append(found, fmt.Sprintf("%s: %s imports %s: %s", i.Pos, p.Dir, i.Path, reason))
			}
		}
	}
	for _, chain := range r.Chains {
		found = append(found, r.checkChain(chain, packages)...)
	}
	return found
}

// checkChain checks the longest import path of a chain.
func (r Rules) checkChain(c Chain, packages []Package) []string {
	imports := map[string][]string{}
	for _, p := range packages {
		for _, i := range p.Imports {
			if target, ok := strings.CutPrefix(i.Path, r.Module+"/"); ok {
				imports[p.Dir] = append(imports[p.Dir], target)
			}
		}
	}
	way := longest(imports, c.From, c.To, map[string][]string{})
	switch {
	case way == nil:
		return []string{fmt.Sprintf("there is no way from %s to %s", c.From, c.To)}
	case len(way)-2 > c.AtMost:
		return []string{fmt.Sprintf("%d packages lie between %s and %s, and at most %d may: %s", len(way)-2, c.From, c.To, c.AtMost, strings.Join(way, ", "))}
	default:
		return nil
	}
}

// longest returns the longest import path from one package to another, nil without one. known is a
// cache. Go does not allow import cycles.
func longest(imports map[string][]string, from, to string, known map[string][]string) []string {
	if from == to {
		return []string{to}
	}
	if way, ok := known[from]; ok {
		return way
	}
	var best []string
	for _, next := range imports[from] {
		if way := longest(imports, next, to, known); len(way) > 0 && len(way) >= len(best) {
			best = append([]string{from}, way...)
		}
	}
	known[from] = best
	return best
}

func (r Rules) checkImport(place string, i Import) []string {
	var reasons []string
	if target, ok := strings.CutPrefix(i.Path, r.Module+"/"); ok {
		reasons = append(reasons, r.checkInner(place, target)...)
	}
	if call, ok := r.Calls[place]; ok {
		reasons = append(reasons, r.checkCall(call, i)...)
	}
	for _, only := range r.Only {
		if below(i.Path, only.Library) && !slices.Contains(only.For, place) {
			reasons = append(reasons, only.Why)
		}
	}
	return reasons
}

func (r Rules) checkInner(place, target string) []string {
	imported, ok := r.place(target)
	if !ok {
		return []string{"it has no place in the rules"}
	}
	if imported == place || slices.Contains(r.Imports[place], imported) {
		return nil
	}
	if len(r.Imports[place]) == 0 {
		return []string{place + " may import no other package of the module"}
	}
	return []string{fmt.Sprintf("%s may import only %s", place, strings.Join(r.Imports[place], ", "))}
}

func (r Rules) checkCall(call Call, i Import) []string {
	first, _, _ := strings.Cut(i.Path, "/")
	switch {
	case i.Path == r.Module+"/"+call.Package:
		if !slices.Equal(i.Uses, []string{call.Func}) {
			return []string{fmt.Sprintf("it uses %s, and may only call %s", strings.Join(i.Uses, ", "), call.Func)}
		}
	case strings.Contains(first, ".") && !slices.Contains(call.With, i.Path):
		return []string{fmt.Sprintf("it may only call %s.%s", call.Package, call.Func)}
	}
	return nil
}

// place returns the directory with a rule that contains a directory.
func (r Rules) place(dir string) (string, bool) {
	longest := ""
	for name := range r.Imports {
		if below(dir, name) && len(name) > len(longest) {
			longest = name
		}
	}
	return longest, longest != ""
}

// below reports whether a slash-separated path is equal to or below another path.
func below(p, root string) bool {
	return p == root || strings.HasPrefix(p, root+"/")
}
