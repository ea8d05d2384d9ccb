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
	return found
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
