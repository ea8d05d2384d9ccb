// Package redirect finds the values that redirect the images of an installed Helm release to a
// mirror. It does not rely on the names of charts and keys: it test-renders the chart with
// sentinels as values, finds the sentinels in the image references, computes the smallest set of
// values that redirects the references, and renders again to prove that only the references
// change. It must not know clusters, nor where a chart comes from.
package redirect

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"path"
	"slices"
	"time"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/chart"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/chart/redirect/manifestdiff"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/chart/redirect/solve"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/chart/redirect/trace"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/manifest"
)

// Bounds of the work for one release: renderings to trace values, further renderings to prove the
// result, and the total time. The renderer bounds each rendering.
const (
	maxTraces = 250
	maxProofs = 50
	maxTime   = 2 * time.Minute
)

// Renderer renders charts.
type Renderer interface {
	// Texts returns the rendered templates of a chart by name.
	Texts(ctx context.Context, c *chart.Chart, values map[string]any, target chart.ReleaseOptions) (map[string]string, error)
}

// State is the result for a reference.
type State string

// The states of a reference.
const (
	Redirected State = "redirected" // the values redirect the reference to the mirror
	Present    State = "present"    // the reference is already on the mirror
	Left       State = "left"       // no value redirects the reference
)

// ImageReference is an image reference in the manifests of a release.
type ImageReference struct {
	Object    string      `json:"object"` // "Deployment dex/dex"
	Path      string      `json:"path"`   // path in the object
	Reference string      `json:"reference"`
	Source    *images.Ref `json:"source,omitempty"` // upstream name
	Target    *images.Ref `json:"target,omitempty"` // name in the mirror
	State     State       `json:"state"`
	Reason    string      `json:"reason,omitempty"` // why no value redirects the reference
}

// Redirection is the values that redirect the images of a release, with the result for each
// reference.
type Redirection struct {
	Values  map[string]any // to merge into the user's values
	Keys    []string       // keys of the values
	Lists   []string       // keys of lists, which the values replace as a whole
	Images  []ImageReference
	Derived []manifestdiff.Difference // changes of other text than references
	Renders int                       // number of renderings
}

// Count returns the number of references with a state.
func (r Redirection) Count(state State) int {
	count := 0
	for _, image := range r.Images {
		if image.State == state {
			count++
		}
	}
	return count
}

// Sources returns the upstream names of the redirected images, each once.
func (r Redirection) Sources() []images.Ref {
	var sources []images.Ref
	for _, image := range r.Images {
		if image.State == Redirected && !slices.Contains(sources, *image.Source) {
			sources = append(sources, *image.Source)
		}
	}
	return sources
}

// MismatchError says that a chart does not render to the installed manifests.
type MismatchError struct {
	Difference string
}

func (e *MismatchError) Error() string {
	return "the chart does not render to the installed manifests: " + e.Difference
}

// search finds the values for one release.
type search struct {
	renderer Renderer
	chart    *chart.Chart
	release  chart.InstalledRelease
	target   images.Target
	decoder  manifestdiff.Decoder
	start    time.Time
	renders  int
	limit    int

	base     manifestdiff.Rendering
	unsteady []manifestdiff.Difference
	expected []manifestdiff.Expectation
	results  []ImageReference // in the order of expected
	unnamed  error            // why the chart did not render without overrides
	solver   solve.Solver
}

// Find finds the values that redirect the images of a release to the target. c is the chart of
// the release. It fails with a *chart.MissingError if subcharts are missing, with a *MismatchError
// if the release has another chart, and with a *trace.LimitError if rendering takes too long.
func Find(ctx context.Context, renderer Renderer, c *chart.Chart, release chart.InstalledRelease, target images.Target) (Redirection, error) {
	s := &search{renderer: renderer, chart: c, release: release, target: target, start: time.Now(), limit: maxTraces}
	if err := s.begin(ctx); err != nil {
		return Redirection{}, err
	}
	if err := s.name(ctx); err != nil {
		return Redirection{}, err
	}
	return s.redirect(ctx)
}

// render renders with the user's values, overridden by over.
func (s *search) render(ctx context.Context, over map[string]any) (manifestdiff.Rendering, error) {
	return s.renderValues(ctx, chart.Merge(s.release.Config, over))
}

// renderValues renders with exactly these values. It fails with a *trace.LimitError at the bounds
// of the work.
func (s *search) renderValues(ctx context.Context, values map[string]any) (manifestdiff.Rendering, error) {
	if took := time.Since(s.start); s.renders >= s.limit || took > maxTime {
		return manifestdiff.Rendering{}, &trace.LimitError{Renders: s.renders, Took: took}
	}
	s.renders++
	texts, err := s.renderer.Texts(ctx, s.chart, values, s.release.ReleaseOptions)
	if err != nil {
		return manifestdiff.Rendering{}, err
	}
	return s.decoder.Decode(texts)
}

// begin compares the chart with the installed manifests. It renders twice to find text that
// differs in every rendering.
func (s *search) begin(ctx context.Context) error {
	var err error
	if s.base, err = s.render(ctx, nil); err != nil {
		return err
	}
	again, err := s.render(ctx, nil)
	if err != nil {
		return err
	}
	s.unsteady = manifestdiff.Differences(s.base.Objects, again.Objects)
	texts := map[string]string{}
	for i, text := range s.release.Manifests {
		texts[fmt.Sprint(i)] = text
	}
	installed, err := (&manifestdiff.Decoder{}).Decode(texts)
	if err != nil {
		return fmt.Errorf("the installed manifests cannot be read: %w", err)
	}
	if difference := firstDifference(installed.Found(), s.base.Found()); difference != "" {
		return &MismatchError{difference}
	}
	return nil
}

// firstDifference returns a reference that only one of the renderings has.
func firstDifference(installed, rendered []manifest.Hit) string {
	for _, hit := range installed {
		if !slices.Contains(rendered, hit) {
			return fmt.Sprintf("in the installed %s, %s is %s", hit.Object, hit.Path, hit.Reference)
		}
	}
	for _, hit := range rendered {
		if !slices.Contains(installed, hit) {
			return fmt.Sprintf("in the installed %s, %s is not %s", hit.Object, hit.Path, hit.Reference)
		}
	}
	return ""
}

// name computes the required reference for each reference.
func (s *search) name(ctx context.Context) error {
	upstream, err := s.chart.Upstream(s.release.Config)
	if err != nil {
		return err
	}
	original := s.base
	if len(upstream.Removed) > 0 {
		original, err = s.renderValues(ctx, upstream.Values)
	}
	var names map[manifestdiff.Place]string
	if err == nil {
		names, err = chart.Names(upstream, original.References(), func(values map[string]any) (map[manifestdiff.Place]string, error) {
			standard, err := s.renderValues(ctx, values)
			return standard.References(), err
		})
	}
	if ctx.Err() != nil || trace.IsLimit(err) {
		return cmp.Or(err, ctx.Err())
	}
	s.unnamed = err // then upstream names come from the values alone
	for _, p := range s.base.Places {
		hit := s.base.Hits[p]
		name, ok := names[p]
		if _, again := original.Hits[p]; !again {
			name, ok = upstream.Name(hit.Reference)
		}
		image := ImageReference{Object: hit.Object, Path: hit.Path, Reference: hit.Reference, State: Left}
		n := manifestdiff.Expectation{At: p, Base: hit.Reference, Want: hit.Reference}
		s.aim(&image, &n, name, ok)
		s.expected, s.results = append(s.expected, n), append(s.results, image)
	}
	return nil
}

// aim sets the required reference, or the reason why there is none, for an upstream name.
func (s *search) aim(image *ImageReference, n *manifestdiff.Expectation, name string, known bool) {
	now, err := images.ParseRef(image.Reference)
	if err != nil {
		image.Reason = err.Error()
		return
	}
	if now.Registry == s.target.Registry {
		image.State = Present
		return
	}
	source, err := images.ParseRef(name)
	if !known || err != nil {
		image.Reason = "the image is on a registry that only the values name, and its upstream name is unknown"
		if s.unnamed != nil {
			image.Reason += fmt.Sprintf("; the chart does not render without these values: %v", s.unnamed)
		}
		return
	}
	if path.Base(source.Repository) != path.Base(now.Repository) || source.Tag != now.Tag || source.Digest != now.Digest {
		image.Reason = fmt.Sprintf("the values set this image in place of %s, and its upstream name is unknown", source)
		return
	}
	target := s.target.Ref(source)
	image.Source, image.Target = &source, &target
	n.Want = wanted(image.Reference, target)
}

// wanted returns the reference on the mirror, with tag and digest as written in the original.
func wanted(reference string, target images.Ref) string {
	return target.Name() + reference[len(manifestdiff.NameOf(reference)):]
}

// redirect traces the values, solves for the smallest set, and proves the result.
func (s *search) redirect(ctx context.Context) (Redirection, error) {
	all, err := s.chart.Values(s.release.Config)
	if err != nil {
		return Redirection{}, err
	}
	var filled trace.Assignment
	var shown manifestdiff.Proof
	var over *trace.LimitError
	if slices.ContainsFunc(s.expected, func(n manifestdiff.Expectation) bool { return n.Base != n.Want }) {
		mentions, err := s.chart.Mentions(s.release.Config)
		if err != nil {
			return Redirection{}, err
		}
		traced, err := trace.Follow(ctx, trace.Subject{Values: all, Mentions: mentions, Base: s.base, Render: s.render})
		if err != nil && !errors.As(err, &over) {
			return Redirection{}, err
		}
		s.limit += maxProofs
		s.solver = solve.Solver{Trace: traced, Expected: s.expected, Target: s.target}
		if filled, shown, err = s.resolve(ctx, all); err != nil && !errors.As(err, &over) {
			return Redirection{}, err
		}
	}
	values, shown, err := s.recorded(ctx, trace.Override(all, s.fillings(filled)), filled, shown)
	if err != nil && !errors.As(err, &over) {
		return Redirection{}, err
	}
	return s.result(values, filled, shown, over), nil
}

// result returns the redirection.
func (s *search) result(values map[string]any, filled trace.Assignment, shown manifestdiff.Proof, over *trace.LimitError) Redirection {
	fillings := s.fillings(filled)
	r := Redirection{Values: values, Images: s.results, Derived: shown.Derived, Renders: s.renders}
	for _, f := range fillings {
		r.Keys = append(r.Keys, f.Hole.Key())
		if i := slices.IndexFunc(f.Hole.At, func(step any) bool { _, index := step.(int); return index }); i >= 0 {
			r.Lists = append(r.Lists, trace.Hole{At: f.Hole.At[:i]}.Key())
		}
	}
	slices.Sort(r.Keys)
	slices.Sort(r.Lists)
	r.Keys, r.Lists = slices.Compact(r.Keys), slices.Compact(r.Lists)
	for i, n := range s.expected {
		image := &r.Images[i]
		switch {
		case n.Base == n.Want: // not to be redirected
		case shown.Right[n.At]:
			image.State = Redirected
		case over != nil:
			image.Reason = over.Error()
		case image.Reason == "":
			image.Reason = s.whyLeft(n)
		}
	}
	return r
}

// fillings returns an assignment as a list with holes, in order.
func (s *search) fillings(filled trace.Assignment) []trace.Filling {
	var fillings []trace.Filling
	for _, id := range slices.Sorted(maps.Keys(filled)) {
		fillings = append(fillings, trace.Filling{Hole: s.solver.Holes[id], Text: filled[id]})
	}
	return fillings
}

// whyLeft returns why no value redirects a reference.
func (s *search) whyLeft(n manifestdiff.Expectation) string {
	leading := s.solver.Leading(n.At)
	if len(leading) == 0 {
		return "no value sets the reference"
	}
	for _, id := range leading {
		if s.solver.Banned(id) {
			return s.solver.Holes[id].Key() + " changes more than images"
		}
	}
	return s.solver.Holes[leading[0]].Key() + " sets a part of the reference, but not its registry"
}
