package plugin

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/Masterminds/semver/v3"
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/catalog"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/discover"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/transfer"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/kkp"
)

// scopeFlags narrow or widen what is needed.
type scopeFlags struct {
	all             bool
	sources         []string
	providers       []string
	versions        string
	prefix          string
	ignoreOverrides bool
	charts          chartFlags
	addons          addonFlags
}

func (f *scopeFlags) add(flags *pflag.FlagSet) {
	flags.BoolVar(&f.all, "all", false, "Everything the KKP release can use, not only what this installation uses")
	flags.StringSliceVar(&f.sources, "source", nil, "Only these sources: "+strings.Join(discover.Sources(), ", "))
	flags.StringSliceVar(&f.providers, "provider-filter", nil, "Only these cloud providers, such as aws,vsphere")
	flags.StringVar(&f.versions, "version-filter", "", `Only these Kubernetes versions, as a constraint such as ">=1.34 <1.36"`)
	flags.StringVar(&f.prefix, "registry-prefix", "", "Only images whose full name starts so, such as quay.io/kubermatic/")
	flags.BoolVar(&f.ignoreOverrides, "ignore-repository-overrides", true,
		"List upstream names, whatever registry KKP is configured to pull from")
	f.charts.add(flags)
	f.addons.add(flags)
}

// options turns the flags into what discovery understands.
func (f *scopeFlags) options(cmd *cobra.Command, registries *transfer.Registries) (discover.Options, error) {
	opts := discover.Options{Sources: f.sources, All: f.all, Providers: f.providers, IgnoreOverrides: f.ignoreOverrides}
	for _, source := range f.sources {
		if !slices.Contains(discover.Sources(), source) {
			return opts, usageError(cmd, fmt.Errorf("--source: unknown source %q; there are %s", source, strings.Join(discover.Sources(), ", ")))
		}
	}
	bundled := f.all || cmd.Flags().Changed("filename")
	if len(f.sources) > 0 {
		bundled = slices.Contains(f.sources, discover.BundledCharts)
	}
	charts, err := f.charts.reader(cmd, registries, bundled)
	if err != nil {
		return opts, err
	}
	opts.Charts, opts.Values = charts, charts.applicationValues
	if opts.Addons, err = f.addons.source(cmd, registries); err != nil {
		return opts, err
	}
	opts.Addons.Render = charts.addon
	if f.versions == "" {
		return opts, nil
	}
	constraint, err := semver.NewConstraint(f.versions)
	if err != nil {
		return opts, usageError(cmd, fmt.Errorf("--version-filter %q: %w; write a constraint such as \">=1.34 <1.36\"", f.versions, err))
	}
	opts.Versions = constraint
	return opts, nil
}

// discovered discovers what is needed, and ends the processes that render charts.
func discovered(ctx context.Context, inst kkp.Installation, release *catalog.Release, opts discover.Options) discover.Result {
	if charts, ok := opts.Charts.(interface{ close() }); ok {
		defer charts.close()
	}
	return discover.Inventory(ctx, inst, release, opts)
}

// inventory discovers what is needed and applies the filters.
func (f *scopeFlags) inventory(ctx context.Context, cmd *cobra.Command, inst kkp.Installation, release *catalog.Release, opts discover.Options) (
	discover.Result, error,
) {
	for _, provider := range opts.Providers {
		if known := release.Providers(); !slices.Contains(known, provider) {
			return discover.Result{}, usageError(cmd, fmt.Errorf("--provider-filter: KKP %s has no provider %q; it has %s",
				release.Version(), provider, strings.Join(known, ", ")))
		}
	}
	if opts.Versions != nil && len(discover.ScopeOf(inst, release, opts).Kubernetes) == 0 {
		unfiltered := opts
		unfiltered.Versions = nil
		return discover.Result{}, usageError(cmd, fmt.Errorf("--version-filter %q: no Kubernetes version in scope satisfies it; there are %s",
			f.versions, strings.Join(discover.ScopeOf(inst, release, unfiltered).Kubernetes, ", ")))
	}
	result := discovered(ctx, inst, release, opts)
	result.Inventory = f.withPrefix(result.Inventory)
	return result, nil
}

// withPrefix keeps the images that --registry-prefix means.
func (f *scopeFlags) withPrefix(inv images.Inventory) images.Inventory {
	return inv.Where(func(img images.Image) bool { return strings.HasPrefix(img.Ref.String(), f.prefix) })
}

// completions are the values of flags that a shell can offer.
func completions() map[string]func() []string {
	return map[string]func() []string{
		"source":  discover.Sources,
		"edition": func() []string { return []string{string(catalog.CE), string(catalog.EE)} },
		"kkp-version": func() []string {
			releases := catalog.Supported()
			slices.Reverse(releases)
			return releases
		},
	}
}
