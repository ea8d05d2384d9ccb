// Package discover finds the images that an installation needs: from an Installation and the
// release catalog it makes an Inventory, with one file per source of images. It must not do I/O.
// Parts of the installation that could not be read become gaps.
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
	Components = "components"         // the catalog of the KKP release
	Configured = "configured"         // fields of the configuration and the Seeds
	Running    = images.SourceRunning // running pods

	Charts        = "charts"         // installed Helm releases and local charts
	BundledCharts = "bundled-charts" // charts in KKP's own image
	Addons        = "addons"         // KKP's addons for user clusters
	Applications  = "applications"   // applications for user clusters
)

// Sources returns the names of all sources in order. A source can use the results of the sources
// before it.
func Sources() []string {
	return []string{Components, Charts, BundledCharts, Addons, Applications, Configured, Running}
}

// Options limit or extend the search.
type Options struct {
	Sources         []string            // empty: all
	All             bool                // everything that the release can use, not only the parts in use
	Providers       []string            // empty: the providers in scope
	Versions        *semver.Constraints // Kubernetes versions; nil: the versions in scope
	IgnoreOverrides bool                // list upstream names instead of the names that the installation pulls
	Charts          ChartReader         // nil: charts are not rendered
	Addons          AddonSource

	// Values renders default values of applications within bounds; nil: they are rendered in this
	// process without bounds.
	Values func(context.Context, appvalues.Request) (map[string]any, error)
}

// Result is what discovery found.
type Result struct {
	images.Inventory
	Scope Summary
}

// finder is the state that all sources share.
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

// Inventory returns the images that an installation needs with a KKP release. The release can be
// another one than the installed release.
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

// nothing records why a source has found nothing, where that is not a gap.
func (f *finder) nothing(source, why string) { f.silent[source] = why }

// noCharts is the note of chart sources if the caller cannot read charts.
const noCharts = "charts cannot be read here"

// Parts returns the parts of an installation that some sources need; nil stands for all parts.
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

// wants reports whether a source is selected.
func (f *finder) wants(source string) bool {
	if len(f.opts.Sources) > 0 {
		return slices.Contains(f.opts.Sources, source)
	}
	return source != BundledCharts || f.withoutBundle() == ""
}

// withoutBundle returns why the charts in KKP's image are not used, "" if they are used. They are
// used if no charts are installed, and with All.
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

// effectOf returns the effect of an unread part on the list: unknown facts do not limit the scope,
// and images that are known only from the unread part are missing.
func effectOf(source string, u kkp.Unread) string {
	var whole interface{ Cause() string } // the whole cluster, not one object
	switch {
	case u.Part == kkp.PartInstalled:
		return "every version of its applications is listed"
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
