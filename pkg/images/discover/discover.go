// Package discover works out which images an installation needs: from an
// Installation and the release catalog to an Inventory, one file per source. It reads
// nothing itself; what could not be read arrives in the Installation and leaves as a gap.
package discover

import (
	"context"
	"errors"
	"slices"
	"sync"

	"github.com/Masterminds/semver/v3"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/catalog"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/discover/appvalues"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/kkp"
)

// The sources of images.
const (
	Components = "components"         // what the release catalog lists
	Configured = "configured"         // what the configuration names
	Running    = images.SourceRunning // what pods run

	Charts        = "charts"         // what Helm releases and local charts refer to
	BundledCharts = "bundled-charts" // what the charts in KKP's own image refer to
	Addons        = "addons"         // what KKP's addons for user clusters refer to
	Applications  = "applications"   // what applications for user clusters refer to
)

// Sources returns the names of all sources, in the order in which they are asked: a
// source may build on what those before it found.
func Sources() []string {
	return []string{Components, Charts, BundledCharts, Addons, Applications, Configured, Running}
}

// Options narrow or widen what is looked for.
type Options struct {
	Sources         []string            // empty: all
	All             bool                // everything that the release can use, not only what is in use
	Providers       []string            // empty: those in scope
	Versions        *semver.Constraints // of Kubernetes; nil: those in scope
	IgnoreOverrides bool                // list upstream names, whatever registry the installation pulls from
	Charts          ChartReader         // nil: no chart can be rendered
	Addons          AddonSource

	// Values renders default values of applications within bounds; nil: they are rendered
	// here, without any.
	Values func(context.Context, appvalues.Request) (map[string]any, error)
}

// Result is what discovery found.
type Result struct {
	images.Inventory
	Scope Summary
}

// finder is what the sources share while they run.
type finder struct {
	inst      kkp.Installation
	release   *catalog.Release
	opts      Options
	scopes    []scope
	overrides overrides
	all       []catalog.NeededImage     // everything that the release can use; see everything
	originals map[images.Ref]images.Ref // upstream names that were looked up; see original
	silent    map[string]string         // why sources have nothing; see nothing
	bundle    func() ([]Chart, error)   // the charts in the image of the release, read once
	images.Collector
}

// Inventory lists the images that an installation needs in a release, which need not be
// the one it runs.
func Inventory(ctx context.Context, inst kkp.Installation, release *catalog.Release, opts Options) Result {
	f := &finder{inst: inst, release: release, opts: opts, originals: map[images.Ref]images.Ref{}, silent: map[string]string{}}
	f.bundle = sync.OnceValues(func() ([]Chart, error) { return f.readBundle(ctx) })
	f.scopes = f.findScopes()
	f.overrides = f.findOverrides()
	sources := []struct {
		name string
		find func(context.Context)
	}{
		{Components, f.components},
		{Charts, f.charts},
		{BundledCharts, f.bundledCharts},
		{Addons, f.addons},
		{Applications, f.applications},
		{Configured, f.configured},
		{Running, f.running},
	}
	if len(opts.Sources) == 0 {
		f.nothing(BundledCharts, f.withoutBundle())
	}
	var asked []string
	for _, source := range sources {
		if f.wants(source.name) {
			source.find(ctx)
		}
		if f.wants(source.name) || f.silent[source.name] != "" {
			asked = append(asked, source.name)
		}
	}
	return Result{Inventory: f.Collector.Inventory().From(asked, f.silent), Scope: summarize(f.scopes)}
}

// nothing returns why a source has nothing to add, where that is no gap.
func (f *finder) nothing(source, why string) { f.silent[source] = why }

// noCharts is why nothing is known of charts, for callers that cannot read any.
const noCharts = "charts cannot be read here"

// Parts are the parts of an installation that sources look at, nil for all of them.
func Parts(sources []string) []kkp.Part {
	if len(sources) == 0 {
		return nil
	}
	parts := []kkp.Part{}
	for source, needed := range map[string][]kkp.Part{
		Charts: {kkp.PartReleases, kkp.PartAPI}, BundledCharts: {kkp.PartAPI}, Addons: {kkp.PartAddons},
		Applications: {kkp.PartApps, kkp.PartAPI}, Running: {kkp.PartPods},
	} {
		if slices.Contains(sources, source) {
			parts = append(parts, needed...)
		}
	}
	return parts
}

// wants reports whether a source is asked.
func (f *finder) wants(source string) bool {
	if len(f.opts.Sources) > 0 {
		return slices.Contains(f.opts.Sources, source)
	}
	return source != BundledCharts || f.withoutBundle() == ""
}

// withoutBundle is why the charts in KKP's image are not asked for, "" if they are: charts
// that are not installed matter where nothing is installed, and to those who want all.
func (f *finder) withoutBundle() string {
	switch {
	case f.opts.All:
		return ""
	case f.inst.Live:
		return "off, the installed charts count; --all lists the others, too"
	case f.hasKKPCharts():
		return "off, the charts at hand are KKP's"
	}
	return ""
}

// unread turns the unreadable parts of the installation into gaps of a source.
func (f *finder) unread(source string, parts ...kkp.Part) {
	for _, u := range f.inst.Unread {
		if slices.Contains(parts, u.Part) {
			f.GapWith(source, u.Subject, u.Err, effectOf(source, u))
		}
	}
}

// effectOf says what follows for a list from something that a source could not read: what is
// not known does not narrow, and what is only known by reading is missing.
func effectOf(source string, u kkp.Unread) string {
	var whole interface{ Cause() string } // not one object that is odd
	switch {
	case !errors.As(u.Err, &whole):
		return ""
	case source == Charts:
		return "the images of its Helm releases are not known"
	case source == Running:
		return "the images of its pods are not known"
	case u.Part == kkp.PartClusters || u.Part == kkp.PartSeeds:
		return "everything that it could need is listed"
	case u.Part == kkp.PartAddons:
		return "the variables of its addons are not known"
	default:
		return ""
	}
}
