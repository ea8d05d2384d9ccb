// Package discover works out which images an installation needs: from an
// Installation and the release catalog to an Inventory, one file per source. It reads
// nothing itself; what could not be read arrives in the Installation and leaves as a gap.
package discover

import (
	"slices"

	"github.com/Masterminds/semver/v3"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/catalog"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/kkp"
)

// The sources of images.
const (
	Components = "components" // what the release catalog lists
	Configured = "configured" // what the configuration names
	Running    = "running"    // what pods run
)

// Sources returns the names of all sources, in the order in which they are asked: a
// source may build on what those before it found.
func Sources() []string { return []string{Components, Configured, Running} }

// Options narrow or widen what is looked for.
type Options struct {
	Sources         []string            // empty: all
	All             bool                // everything that the release can use, not only what is in use
	Providers       []string            // empty: those in scope
	Versions        *semver.Constraints // of Kubernetes; nil: those in scope
	IgnoreOverrides bool                // list upstream names, whatever registry the installation pulls from
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
	all       []catalog.Image // everything that the release can use; see everything
	images.Collector
}

// Inventory lists the images that an installation needs in a release, which need not be
// the one it runs.
func Inventory(inst kkp.Installation, release *catalog.Release, opts Options) Result {
	f := &finder{inst: inst, release: release, opts: opts}
	f.scopes = f.findScopes()
	f.overrides = f.findOverrides()
	sources := []struct {
		name string
		find func()
	}{{Components, f.components}, {Configured, f.configured}, {Running, f.running}}
	for _, source := range sources {
		if len(opts.Sources) == 0 || slices.Contains(opts.Sources, source.name) {
			source.find()
		}
	}
	return Result{Inventory: f.Collector.Inventory(), Scope: summarize(f.scopes)}
}

// unread turns the unreadable parts of the installation into gaps of a source.
func (f *finder) unread(source string, parts ...kkp.Part) {
	for _, u := range f.inst.Unread {
		if slices.Contains(parts, u.Part) {
			f.Gap(source, u.Subject, u.Err)
		}
	}
}
