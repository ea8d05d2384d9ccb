package archtest

import (
	"fmt"
	"slices"
	"strings"
)

// Rules say what the packages of a module may import. A package is named by its
// directory; one below a named directory is part of it, unless it has a name of its own.
type Rules struct {
	Module string
	// Imports says for each package which others of the module it may import. Its own
	// parts it may always import. A package without a place here is a violation.
	Imports map[string][]string
	// Calls binds a package to calling one function of another.
	Calls map[string]Call
	// Only says who alone may import a library.
	Only []Only
	// Chains bound the ways from one package to another.
	Chains []Chain
}

// Chain bounds how many packages lie between two packages, whichever imports one follows
// from the one to the other.
type Chain struct {
	From, To string
	AtMost   int
}

// Call is what a package that only calls one function may use, beside the standard
// library.
type Call struct {
	Package, Func string
	With          []string // the libraries that the call takes
}

// Only reserves the packages at and below a path for some packages of the module.
type Only struct {
	Library string
	For     []string
	Why     string
}

// Check returns what breaks the rules, one sentence each.
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

// checkChain returns what is wrong with the longest way of a chain.
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

// longest returns the longest way from one package to another, nil if there is none. known
// are those that were found. Go lets nobody import in circles.
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

// place returns the named directory that a directory is in.
func (r Rules) place(dir string) (string, bool) {
	longest := ""
	for name := range r.Imports {
		if below(dir, name) && len(name) > len(longest) {
			longest = name
		}
	}
	return longest, longest != ""
}

// below says whether a slash-separated path is at or below another.
func below(p, root string) bool {
	return p == root || strings.HasPrefix(p, root+"/")
}
