// Package trace finds which values of a chart appear in which image references, by rendering with
// sentinels in place of the values. It must not know what a mirror is, nor how the result is used.
package trace

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/chart"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/chart/redirect/manifestdiff"
)

// maxPeels bounds how often the trace is repeated without values that hide other values.
const maxPeels = 6

// Trace is the values in each reference.
type Trace struct {
	Holes    []Hole
	Direct   map[manifestdiff.Place][]Span    // spans of the current reference
	Variants map[manifestdiff.Place][]Variant // references after setting a value that changes more than its span
}

// Variant is a reference after filling a hole.
type Variant struct {
	Hole  int
	Text  string
	Spans []Span
}

// Subject is a chart with values to trace.
type Subject struct {
	Values   map[string]any // the values that templates see
	Mentions chart.Mentions
	Base     manifestdiff.Rendering // rendering with these values
	// Render renders with the values, overridden by over. A *LimitError ends the trace.
	Render func(ctx context.Context, over map[string]any) (manifestdiff.Rendering, error)
}

// LimitError says that a bound of the work was reached.
type LimitError struct {
	Renders int
	Took    time.Duration
}

func (e *LimitError) Error() string {
	return fmt.Sprintf("stopped after %d renderings in %s", e.Renders, e.Took.Round(time.Second))
}

// IsLimit reports whether an error is a LimitError.
func IsLimit(err error) bool {
	var over *LimitError
	return errors.As(err, &over)
}

// Follow traces all values that can appear in references. With an error it returns the results
// up to then.
func Follow(ctx context.Context, s Subject) (Trace, error) {
	t := &tracer{
		Subject: s, surface: map[int]bool{},
		Trace: Trace{Direct: map[manifestdiff.Place][]Span{}, Variants: map[manifestdiff.Place][]Variant{}},
	}
	err := t.follow(ctx)
	return t.Trace, err
}

// tracer finds values in references by rendering with sentinels.
type tracer struct {
	Subject
	Trace
	reader  reader
	surface map[int]bool // holes in at least one reference
}

func (t *tracer) follow(ctx context.Context) error {
	var references []string
	for _, hit := range t.Base.Found() {
		references = append(references, hit.Reference)
	}
	set := setHoles(t.Values, references)
	t.Holes = set[:min(len(set), maxHoles)]
	t.reader = newReader(t.Holes)
	known := indexes(0, len(t.Holes))
	if err := t.probe(ctx, known, nil); err != nil {
		return err
	}
	known = slices.DeleteFunc(known, func(id int) bool { return !t.surface[id] })
	var beside [][]any
	for _, id := range known {
		beside = append(beside, t.Holes[id].At)
	}
	unset := unsetHoles(t.Values, t.Mentions, beside)
	first := len(t.Holes)
	t.Holes = append(t.Holes, unset[:min(len(unset), maxHoles-first)]...)
	t.reader = newReader(t.Holes)
	return t.peel(ctx, indexes(first, len(t.Holes)), known)
}

// peel probes values that are not set, and repeats this until it finds no more: a value for all
// images hides the values of single images.
func (t *tracer) peel(ctx context.Context, unset, known []int) error {
	for range maxPeels {
		before := len(t.surface)
		if err := t.probe(ctx, unset, known); err != nil || len(t.surface) == before {
			return err
		}
		unset = slices.DeleteFunc(unset, func(id int) bool { return t.surface[id] })
	}
	return nil
}

// probe renders with sentinels in some holes and in the known ones. If rendering fails or changes
// more than the spans, it probes smaller groups to find the value that is the cause.
func (t *tracer) probe(ctx context.Context, batch, known []int) error {
	if len(batch) == 0 {
		return nil
	}
	var fillings []Filling
	for _, id := range slices.Concat(batch, known) {
		fillings = append(fillings, Filling{t.Holes[id], marked(id, t.Holes[id])})
	}
	after, err := t.Render(ctx, Override(t.Values, fillings))
	if IsLimit(err) || ctx.Err() != nil {
		return cmp.Or(err, ctx.Err())
	}
	if err == nil && t.take(after, batch) {
		return nil
	}
	if len(batch) == 1 {
		return nil
	}
	half := len(batch) / 2
	return errors.Join(t.probe(ctx, batch[:half], known), t.probe(ctx, batch[half:], known))
}

// take reads the sentinels in a rendering. whole is false if a rendering with fewer sentinels can
// show more.
func (t *tracer) take(after manifestdiff.Rendering, batch []int) (whole bool) {
	whole = true
	for _, p := range t.Base.Places {
		hit, ok := after.Hits[p]
		if !ok {
			whole = false
			continue
		}
		plain, spans := t.reader.read(hit.Reference)
		probed := slices.DeleteFunc(slices.Clone(spans), func(s Span) bool { return !slices.Contains(batch, s.Hole) })
		switch same := plain == t.Base.Hits[p].Reference; {
		case same && len(probed) == len(spans):
			t.addDirect(p, spans)
		case same && len(probed) == 0: // only known holes
		case len(probed) == 1:
			t.addVariant(p, Variant{probed[0].Hole, plain, spans})
		default:
			whole = false
		}
	}
	return whole
}

func (t *tracer) addDirect(p manifestdiff.Place, spans []Span) {
	for _, s := range spans {
		t.surface[s.Hole] = true
		if !slices.Contains(t.Direct[p], s) {
			t.Direct[p] = append(t.Direct[p], s)
		}
	}
}

func (t *tracer) addVariant(p manifestdiff.Place, v Variant) {
	t.surface[v.Hole] = true
	if i := slices.IndexFunc(t.Variants[p], func(other Variant) bool { return other.Hole == v.Hole }); i >= 0 {
		t.Variants[p][i] = v // from a smaller group
		return
	}
	t.Variants[p] = append(t.Variants[p], v)
}

func indexes(from, to int) []int {
	ids := make([]int, 0, to-from)
	for id := from; id < to; id++ {
		ids = append(ids, id)
	}
	return ids
}
