package trace

import (
	"cmp"
	"slices"
	"strings"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/chart/redirect/manifestdiff"
)

// Assignment is the texts for holes, by number of the hole.
type Assignment map[int]string

// Leading returns the holes whose text appears in a reference.
func (t Trace) Leading(at manifestdiff.Place) []int {
	var holes []int
	for _, span := range t.Direct[at] {
		holes = append(holes, span.Hole)
	}
	for _, v := range t.Variants[at] {
		holes = append(holes, v.Hole)
		for _, span := range v.Spans {
			holes = append(holes, span.Hole)
		}
	}
	slices.Sort(holes)
	return slices.Compact(holes)
}

// Eval returns the reference that the trace predicts for an assignment.
func (t Trace) Eval(at manifestdiff.Place, base string, filled Assignment) string {
	for _, v := range t.Variants[at] {
		if _, ok := filled[v.Hole]; ok {
			return substitute(v.Text, v.Spans, filled)
		}
	}
	return substitute(base, t.Direct[at], filled)
}

// substitute replaces spans by texts. Of nested spans, the outer one counts.
func substitute(text string, spans []Span, filled Assignment) string {
	spans = slices.Clone(spans)
	slices.SortFunc(spans, func(a, b Span) int {
		return cmp.Or(cmp.Compare(a.Start, b.Start), cmp.Compare(b.End, a.End), cmp.Compare(a.Hole, b.Hole))
	})
	var out strings.Builder
	last := 0
	for _, s := range spans {
		if with, ok := filled[s.Hole]; ok && s.Start >= last {
			out.WriteString(text[last:s.Start])
			out.WriteString(with)
			last = s.End
		}
	}
	out.WriteString(text[last:])
	return out.String()
}
