// Package trace finds out which values of a chart lead into which references, by rendering with
// sentinels in the place of the values. It must not know what a mirror is, nor what is done with the
// values.
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

// maxPeels is how often values that hide others are put aside to look for these.
const maxPeels = 6

// Trace is which values lead into which references.
type Trace struct {
	Holes    []Hole
	Direct   map[manifestdiff.Place][]Span    // in the reference as it is
	Variants map[manifestdiff.Place][]Variant // as it becomes, once a value is set that changes more than its own part
}

// Variant is what a reference becomes when a hole is filled.
type Variant struct {
	Hole  int
	Text  string
	Spans []Span
}

// Subject is what is traced.
type Subject struct {
	Values   map[string]any // that templates see
	Mentions chart.Mentions
	Base     manifestdiff.Rendering // with these values
	// Render renders with some values over them. A *LimitError from it ends the trace.
	Render func(ctx context.Context, over map[string]any) (manifestdiff.Rendering, error)
}

// LimitError says that a bound on the work is reached.
type LimitError struct {
	Renders int
	Took    time.Duration
}

func (e *LimitError) Error() string {
	return fmt.Sprintf("given up after %d renderings in %s", e.Renders, e.Took.Round(time.Second))
}

// IsLimit tells whether an error is a LimitError.
func IsLimit(err error) bool {
	var over *LimitError
	return errors.As(err, &over)
}

// Follow traces all values that may lead into references. What it has found so far comes
// with an error, too.
func Follow(ctx context.Context, s Subject) (Trace, error) {
	t := &tracer{
		Subject: s, surface: map[int]bool{},
		Trace: Trace{Direct: map[manifestdiff.Place][]Span{}, Variants: map[manifestdiff.Place][]Variant{}},
	}
	err := t.follow(ctx)
	return t.Trace, err
}

// tracer finds out where values lead by rendering with sentinels in their place.
type tracer struct {
	Subject
	Trace
	reader  reader
	surface map[int]bool // holes that were found in a reference
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

// peel probes what is not set until nothing more is found: a value for all images hides
// those for each.
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

// probe renders with sentinels in some holes, and in those that are known already. Values
// that break a rendering, or change more than themselves, are separated from the others.
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

// take reads the sentinels in a rendering. It is not whole if there is more to learn from
// less of them.
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
		case same && len(probed) == 0: // only what is known already
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
		t.Variants[p][i] = v // of a smaller batch
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
