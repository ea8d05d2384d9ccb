// Package solve computes the smallest set of values that turns references into the required ones.
// It uses the predictions of a trace. It must not render: a rendering must prove the result.
package solve

import (
	"cmp"
	"maps"
	"slices"
	"strings"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/chart/redirect/manifestdiff"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/chart/redirect/trace"
)

// maxFixes bounds how many further values one value can require.
const maxFixes = 50

// Solver computes the smallest set of values for the expected references.
type Solver struct {
	trace.Trace
	Expected []manifestdiff.Expectation
	Target   images.Target

	banned map[int][]string
}

// Ban excludes an assignment that failed the proof.
func (s *Solver) Ban(filled trace.Assignment) {
	if s.banned == nil {
		s.banned = map[int][]string{}
	}
	for hole, text := range filled {
		s.banned[hole] = append(s.banned[hole], text)
	}
}

// Banned reports whether an assignment of a hole was excluded.
func (s *Solver) Banned(hole int) bool { return len(s.banned[hole]) > 0 }

// Becomes returns the reference that the trace predicts for an assignment.
func (s *Solver) Becomes(n manifestdiff.Expectation, filled trace.Assignment) string {
	return s.Eval(n.At, n.Base, filled)
}

// Solve returns an assignment and its steps. The first steps redirect the most references per
// value.
func (s *Solver) Solve() (trace.Assignment, []trace.Assignment) {
	filled := trace.Assignment{}
	var steps []trace.Assignment
	for {
		var best *move
		for _, m := range s.moves(filled) {
			if next, ok := s.closed(m.with(filled)); ok {
				m.next, m.keys, m.gain = next, len(next)-len(filled), s.right(next)-s.right(filled)
				if m.gain > 0 && (best == nil || s.compare(m, *best) < 0) {
					best = &m
				}
			}
		}
		if best == nil {
			return s.needed(filled), steps
		}
		step := maps.Clone(best.next)
		maps.DeleteFunc(step, func(hole int, _ string) bool { _, before := filled[hole]; return before })
		steps = append(steps, step)
		filled = best.next
	}
}

// move is one value, with the further values that it requires.
type move struct {
	hole       int
	text       string
	next       trace.Assignment
	gain, keys int
}

func (m move) with(filled trace.Assignment) trace.Assignment {
	next := maps.Clone(filled)
	next[m.hole] = m.text
	return next
}

// compare orders moves: first more references per value, then values that are set, then values
// outside lists, then values nearer to the root.
func (s *Solver) compare(a, b move) int {
	x, y := s.Holes[a.hole], s.Holes[b.hole]
	return cmp.Or(
		cmp.Compare(b.gain*a.keys, a.gain*b.keys), boolean(x.InList(), y.InList()), cmp.Compare(a.keys, b.keys),
		boolean(x.Text == "", y.Text == ""), cmp.Compare(len(x.At), len(y.At)), strings.Compare(x.Key(), y.Key()),
		cmp.Compare(len(a.text), len(b.text)), strings.Compare(a.text, b.text),
	)
}

// boolean compares booleans: false comes first.
func boolean(a, b bool) int {
	switch {
	case a == b:
		return 0
	case b:
		return -1
	default:
		return 1
	}
}

// moves returns the values that redirect a reference, or at least change its registry so that
// further values can redirect it.
func (s *Solver) moves(filled trace.Assignment) []move {
	seen := map[int][]string{}
	var found []move
	add := func(hole int, text string) {
		if text == "" || text == s.Holes[hole].Part() || slices.Contains(s.banned[hole], text) || slices.Contains(seen[hole], text) {
			return
		}
		seen[hole] = append(seen[hole], text)
		found = append(found, move{hole: hole, text: text})
	}
	for _, n := range s.Expected {
		if s.Becomes(n, filled) == n.Want {
			continue
		}
		for _, hole := range s.Leading(n.At) {
			if _, taken := filled[hole]; taken {
				continue
			}
			before, after := s.around(n, filled, hole)
			if text, ok := between(n.Want, before, after); ok {
				add(hole, text)
			}
			if before == "" {
				add(hole, s.Target.String())
				add(hole, s.Target.Registry)
			}
		}
	}
	return found
}

// around returns the text before and after a hole in a reference.
func (s *Solver) around(n manifestdiff.Expectation, filled trace.Assignment, hole int) (before, after string) {
	const gap = "\x00"
	next := maps.Clone(filled)
	next[hole] = gap
	text := s.Becomes(n, next)
	if strings.Count(text, gap) != 1 {
		return gap, gap // fits no reference
	}
	before, after, _ = strings.Cut(text, gap)
	return before, after
}

// between returns the text between a prefix and a suffix of a text.
func between(want, before, after string) (string, bool) {
	if !strings.HasPrefix(want, before) || !strings.HasSuffix(want, after) || len(before)+len(after) >= len(want) {
		return "", false
	}
	return want[len(before) : len(want)-len(after)], true
}

// closed adds values until every reference is either unchanged or as required. ok is false if this
// is not possible.
func (s *Solver) closed(filled trace.Assignment) (_ trace.Assignment, ok bool) {
	for range maxFixes {
		i := slices.IndexFunc(s.Expected, func(n manifestdiff.Expectation) bool {
			text := s.Becomes(n, filled)
			return text != n.Want && text != n.Base
		})
		if i < 0 {
			return filled, true
		}
		if !s.fix(s.Expected[i], filled) {
			return nil, false
		}
	}
	return nil, false
}

// fix adds one value that makes a reference as required.
func (s *Solver) fix(n manifestdiff.Expectation, filled trace.Assignment) bool {
	for _, hole := range s.Leading(n.At) {
		if _, taken := filled[hole]; taken {
			continue
		}
		before, after := s.around(n, filled, hole)
		if text, ok := between(n.Want, before, after); ok && !slices.Contains(s.banned[hole], text) {
			filled[hole] = text
			return true
		}
	}
	return false
}

// right returns the number of references that are as required.
func (s *Solver) right(filled trace.Assignment) int {
	count := 0
	for _, n := range s.Expected {
		if s.Becomes(n, filled) == n.Want {
			count++
		}
	}
	return count
}

// needed removes values that later values have made superfluous.
func (s *Solver) needed(filled trace.Assignment) trace.Assignment {
	for _, hole := range slices.Sorted(maps.Keys(filled)) {
		without := maps.Clone(filled)
		delete(without, hole)
		if next, ok := s.closed(maps.Clone(without)); ok && len(next) == len(without) && s.right(without) == s.right(filled) {
			filled = without
		}
	}
	return filled
}
