package manifestdiff

import (
	"cmp"
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images"
)

// Expectation is a reference before the change (Base) and the required reference after it (Want),
// both as written. Base and Want are equal for a reference that must not change.
type Expectation struct {
	At         Place
	Base, Want string
}

// Proof is the result of comparing a rendering with the expectations.
type Proof struct {
	Failed  error          // rendering failed
	Right   map[Place]bool // references that are as required
	Wrong   *Expectation   // a reference that is neither Base nor Want
	Foreign *Difference    // a change that does not follow from references
	Derived []Difference   // changes that follow from references
}

// Holds reports whether each reference is either Base or Want, and nothing else changed.
func (p Proof) Holds() bool { return p.Failed == nil && p.Wrong == nil && p.Foreign == nil }

// moved is a reference that changed.
type moved struct {
	object, path string
	from, to     string
}

// Prove compares a rendering with the rendering before the change. unsteady are differences that
// every rendering has, such as random text; they do not count.
func Prove(before, after Rendering, expected []Expectation, unsteady []Difference) Proof {
	p := Proof{Right: map[Place]bool{}}
	var moves []moved
	for _, n := range expected {
		hit := after.Hits[n.At]
		switch {
		case sameReference(hit.Reference, n.Want):
			p.Right[n.At] = true
		case hit.Reference != n.Base:
			p.Wrong = &n
			return p
		}
		if hit.Reference != n.Base {
			moves = append(moves, moved{hit.Object, hit.Path, n.Base, hit.Reference})
		}
	}
	follows := newFollowing(moves)
	for _, change := range Differences(before.Objects, after.Objects) {
		if slices.ContainsFunc(unsteady, func(u Difference) bool { return u.Object == change.Object && u.Path == change.Path }) {
			continue
		}
		reference, ok := follows.from(change)
		if !ok {
			p.Foreign = &change
			return p
		}
		if !reference {
			p.Derived = append(p.Derived, change)
		}
	}
	return p
}

// sameReference compares references in their normalised form.
func sameReference(a, b string) bool {
	if a == b {
		return true
	}
	x, err := images.ParseRef(a)
	y, err2 := images.ParseRef(b)
	return err == nil && err2 == nil && x == y
}

// following finds the changes that follow from references that moved.
type following struct {
	moves    []moved
	replacer *strings.Replacer
	checksum *regexp.Regexp
}

func newFollowing(moves []moved) following {
	pairs := map[string]string{}
	for _, m := range moves {
		pairs[NameOf(m.from)] = NameOf(m.to)
	}
	for _, m := range moves {
		pairs[m.from] = m.to
	}
	var list []string
	for _, from := range slices.SortedFunc(maps.Keys(pairs), func(a, b string) int { return cmp.Or(len(b)-len(a), strings.Compare(a, b)) }) {
		list = append(list, from, pairs[from])
	}
	return following{moves: moves, replacer: strings.NewReplacer(list...), checksum: regexp.MustCompile(`^[0-9a-f]{8,128}$`)}
}

// from reports whether a change is a change of a reference or follows from one: a text that
// contains the reference or its repository, or a checksum.
func (f following) from(c Difference) (reference, ok bool) {
	for _, m := range f.moves {
		if m.object != c.Object {
			continue
		}
		if m.path == c.Path && f.replacer.Replace(c.Before) == c.After {
			return true, true
		}
		// Registry, repository and tag are in separate fields of one map.
		if parent(m.path) == parent(c.Path) && strings.Contains(m.from, c.Before) && c.After != "" && strings.Contains(m.to, c.After) {
			return true, true
		}
	}
	if c.Before != "" && f.replacer.Replace(c.Before) == c.After {
		return false, true
	}
	return false, f.isChecksum(c)
}

// isChecksum reports whether a label or an annotation is the checksum of other content. Charts
// use checksums to restart pods after a change.
func (f following) isChecksum(c Difference) bool {
	if !strings.Contains(c.Path, ".annotations") && !strings.Contains(c.Path, ".labels") {
		return false
	}
	return len(c.Before) == len(c.After) && f.checksum.MatchString(c.Before) && f.checksum.MatchString(c.After)
}

// parent is the path without its last segment.
func parent(path string) string {
	return path[:max(0, strings.LastIndexAny(path, ".["))]
}

// NameOf returns a reference as written, without tag and digest.
func NameOf(reference string) string {
	name, _, _ := strings.Cut(reference, "@")
	if i := strings.LastIndex(name, ":"); i > strings.LastIndex(name, "/") {
		name = name[:i]
	}
	return name
}
