// Package redirect finds the values that make every image of an installed Helm release come
// from a mirror. It does not know charts by name, and trusts no key for what it is called: it
// renders with sentinels in the values, looks where they come out in references, works out the
// fewest values that redirect these, and renders again to prove that the references are what
// they have to be and that nothing else has changed. It must not know clusters, nor how a chart is
// found.
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

// The bounds on the work for one release. The renderings that prove what was found come on
// top of those that trace it. Each one is bounded by the renderer, too.
const (
	maxTraces = 250
	maxProofs = 50
	maxTime   = 2 * time.Minute
)

// Renderer renders charts.
type Renderer interface {
	// Texts returns what the templates of a chart render to.
	Texts(ctx context.Context, c *chart.Chart, values map[string]any, target chart.ReleaseOptions) (map[string]string, error)
}

// State says what becomes of a reference.
type State string

// The states of a reference.
const (
	Redirected State = "redirected" // to the mirror, by the values
	Present    State = "present"    // it is on the mirror already
	Left       State = "left"       // as it is: no value redirects it
)

// ImageReference is a reference in a release.
type ImageReference struct {
	Object    string      `json:"object"` // "Deployment dex/dex"
	Path      string      `json:"path"`   // in the object
	Reference string      `json:"reference"`
	Source    *images.Ref `json:"source,omitempty"` // its upstream name
	Target    *images.Ref `json:"target,omitempty"` // where it is in the mirror
	State     State       `json:"state"`
	Reason    string      `json:"reason,omitempty"` // why it is left
}

// Redirection is what redirects the images of a release.
type Redirection struct {
	Values  map[string]any // to be laid over the user's
	Keys    []string       // that are set in them
	Lists   []string       // that are written out whole
	Images  []ImageReference
	Derived []manifestdiff.Difference // what changes beside references
	Renders int                       // that were needed
}

// Count is how many references are in a state.
func (r Redirection) Count(state State) int {
	count := 0
	for _, image := range r.Images {
		if image.State == state {
			count++
		}
	}
	return count
}

// Sources are the upstream names of the images that will come from the mirror, each once.
func (r Redirection) Sources() []images.Ref {
	var sources []images.Ref
	for _, image := range r.Images {
		if image.State == Redirected && !slices.Contains(sources, *image.Source) {
			sources = append(sources, *image.Source)
		}
	}
	return sources
}

// MismatchError says that a chart does not render to what is installed.
type MismatchError struct {
	Difference string
}

func (e *MismatchError) Error() string {
	return "it does not render to what is installed: " + e.Difference
}

// search is the work for one release.
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
	results  []ImageReference // by expected
	unnamed  error            // why there is no rendering with the chart's own registries
	solver   solve.Solver
}

// Find looks for the values that redirect a release whose chart this is. A chart that is not
// whole is a chart.MissingError, one that is another than the installed one a MismatchError.
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

// render renders with values over the user's.
func (s *search) render(ctx context.Context, over map[string]any) (manifestdiff.Rendering, error) {
	return s.renderValues(ctx, chart.Merge(s.release.Config, over))
}

// renderValues renders with values in place of the user's. It fails with a *trace.LimitError
// when the bounds on the work are reached.
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

// begin renders what is installed, twice to see what changes by itself.
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
		return fmt.Errorf("what is installed: %w", err)
	}
	if difference := firstDifference(installed.Found(), s.base.Found()); difference != "" {
		return &MismatchError{difference}
	}
	return nil
}

// firstDifference names a reference that only one of two renderings has.
func firstDifference(installed, rendered []manifest.Hit) string {
	for _, hit := range installed {
		if !slices.Contains(rendered, hit) {
			return fmt.Sprintf("%s, %s is %s", hit.Object, hit.Path, hit.Reference)
		}
	}
	for _, hit := range rendered {
		if !slices.Contains(installed, hit) {
			return fmt.Sprintf("%s, %s is not %s", hit.Object, hit.Path, hit.Reference)
		}
	}
	return ""
}

// name works out what each reference has to become.
func (s *search) name(ctx context.Context) error {
	upstream, err := s.chart.Upstream(s.release.Config)
	if err != nil {
		return err
	}
	original := s.base
	if len(upstream.Removed) > 0 {
		original, err = s.renderValues(ctx, upstream.Values)
		if ctx.Err() != nil || trace.IsLimit(err) {
			return cmp.Or(err, ctx.Err())
		}
		if err != nil { // then the values alone have to tell the names
			original, s.unnamed = manifestdiff.Rendering{}, err
		}
	}
	for _, p := range s.base.Places {
		hit := s.base.Hits[p]
		name, ok := upstream.Name(hit.Reference)
		if there, again := original.Hits[p]; again {
			name, ok = upstream.DefaultName(there.Reference)
		}
		image := ImageReference{Object: hit.Object, Path: hit.Path, Reference: hit.Reference, State: Left}
		n := manifestdiff.Expectation{At: p, Base: hit.Reference, Want: hit.Reference}
		s.aim(&image, &n, name, ok)
		s.expected, s.results = append(s.expected, n), append(s.results, image)
	}
	return nil
}

// aim says where a reference with this upstream name has to lead.
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
		image.Reason = "it is on a registry that only the values name, and its upstream name is not known"
		if s.unnamed != nil {
			image.Reason += fmt.Sprintf("; without the values that name registries, the chart does not render: %v", s.unnamed)
		}
		return
	}
	if path.Base(source.Repository) != path.Base(now.Repository) || source.Tag != now.Tag || source.Digest != now.Digest {
		image.Reason = fmt.Sprintf("the values put it in the place of %s, and what it is made of is not known", source)
		return
	}
	target := s.target.Ref(source)
	image.Source, image.Target = &source, &target
	n.Want = wanted(image.Reference, target)
}

// wanted is the reference on the mirror, written with the tag and digest that the one in its
// place is written with.
func wanted(reference string, target images.Ref) string {
	return target.Name() + reference[len(manifestdiff.NameOf(reference)):]
}

// redirect traces, solves and proves.
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
	return s.result(all, filled, shown, over), nil
}

// result puts together what was found.
func (s *search) result(all map[string]any, filled trace.Assignment, shown manifestdiff.Proof, over *trace.LimitError) Redirection {
	fillings := s.fillings(filled)
	r := Redirection{Values: trace.Override(all, fillings), Images: s.results, Derived: shown.Derived, Renders: s.renders}
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
		case n.Base == n.Want: // it stays
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

// fillings are assignments with their holes, in order.
func (s *search) fillings(filled trace.Assignment) []trace.Filling {
	var fillings []trace.Filling
	for _, id := range slices.Sorted(maps.Keys(filled)) {
		fillings = append(fillings, trace.Filling{Hole: s.solver.Holes[id], Text: filled[id]})
	}
	return fillings
}

// whyLeft says why no value redirects a reference.
func (s *search) whyLeft(n manifestdiff.Expectation) string {
	leading := s.solver.Leading(n.At)
	if len(leading) == 0 {
		return "no value leads to it"
	}
	for _, id := range leading {
		if s.solver.Banned(id) {
			return s.solver.Holes[id].Key() + " changes more than images"
		}
	}
	return s.solver.Holes[leading[0]].Key() + " leads to it, but not to its registry"
}
