package plugin

import (
	"context"
	"slices"
	"strings"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/catalog"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/discover"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/transfer"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/kkp"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/plugin/option"
)

// discoverOptions converts the scope to options of discovery. files means that the installation is
// read from files.
func discoverOptions(scope option.Scope, files bool, registries *transfer.Registries) (discover.Options, error) {
	bundled := scope.All || files
	if len(scope.Sources) > 0 {
		bundled = slices.Contains(scope.Sources, discover.BundledCharts)
	}
	charts, err := newChartReader(scope.Charts, registries, bundled)
	if err != nil {
		return discover.Options{}, err
	}
	addons, err := addonSource(scope.Addons, registries)
	if err != nil {
		return discover.Options{}, err
	}
	addons.Render = charts.addon
	return discover.Options{
		Sources: scope.Sources, All: scope.All, Providers: scope.Providers, Versions: scope.Versions, IgnoreOverrides: scope.IgnoreOverrides,
		Charts: charts, Values: charts.applicationValues, Addons: addons,
	}, nil
}

// discovered discovers the images, and ends the processes that render charts.
func discovered(ctx context.Context, inst kkp.Installation, release *catalog.Release, opts discover.Options) discover.Result {
	if charts, ok := opts.Charts.(interface{ close() }); ok {
		defer charts.close()
	}
	return discover.Inventory(ctx, inst, release, opts)
}

// inventory discovers the images in a scope.
func inventory(ctx context.Context, scope option.Scope, inst kkp.Installation, release *catalog.Release, opts discover.Options) (discover.Result, error) {
	if err := checkFilters(scope, inst, release, opts); err != nil {
		return discover.Result{}, err
	}
	return discovered(ctx, inst, release, opts), nil
}

// checkFilters refuses filters that nothing satisfies.
func checkFilters(scope option.Scope, inst kkp.Installation, release *catalog.Release, opts discover.Options) error {
	for _, provider := range opts.Providers {
		if known := release.Providers(); !slices.Contains(known, provider) {
			return option.Usagef("--provider-filter: KKP %s has no provider %q; known providers: %s",
				release.Version(), provider, strings.Join(known, ", "))
		}
	}
	if opts.Versions != nil && len(discover.ScopeOf(inst, release, opts).Kubernetes) == 0 {
		unfiltered := opts
		unfiltered.Versions = nil
		return option.Usagef("--version-filter %q: no Kubernetes version in scope satisfies the constraint; versions in scope: %s",
			scope.VersionFilter, strings.Join(discover.ScopeOf(inst, release, unfiltered).Kubernetes, ", "))
	}
	return nil
}

// completions are the values of flags for shell completion.
func completions() map[string]func() []string {
	return map[string]func() []string{
		"source":          discover.Sources,
		"provider-filter": providerNames,
		"edition":         func() []string { return []string{string(catalog.CE), string(catalog.EE)} },
		"kkp-version": func() []string {
			releases := catalog.Supported()
			slices.Reverse(releases)
			return releases
		},
	}
}
