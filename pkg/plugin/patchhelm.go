package plugin

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	"k8s.io/cli-runtime/pkg/genericiooptions"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/chart/redirect"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/chart/upgrade"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/plugin/display"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/plugin/option"
)

// patchHelmFlags are the flags of the patch-helm command.
type patchHelmFlags struct {
	streams    genericiooptions.IOStreams
	input      option.InputFlags
	connection *option.ConnectionFlags
	registry   option.RegistryFlags
	charts     option.Charts
	output     *option.OutputFlags
	directory  string
	apply      bool
	change     option.Change // only the fields that have a flag here
	allowed    []string
	upgrade    upgrade.Options
}

func newPatchHelmCommand(streams genericiooptions.IOStreams, defaults *option.Defaults) *cobra.Command {
	f := &patchHelmFlags{streams: streams, connection: option.NewConnectionFlags(), output: option.NewOutputFlags()}
	cmd := &cobra.Command{
		Use:   "patch-helm [REGISTRY [RELEASE...]]",
		Short: "Let Helm releases pull their images from a mirror",
		Long: `Find the values that let the Helm releases of KKP, on the master and on every Seed, pull
their images from a mirror, and print them, or upgrade the releases with --apply.

REGISTRY is registry[:port][/prefix], as it was given to sync. RELEASE is the name of a
release or namespace/name. Default: all KKP releases.

patch-helm test-renders each chart to find the smallest set of values that redirects all
images, then renders the chart again to check that only image names change. Images that
no value redirects are listed. Later lists have the same upstream names as before.

Helm does not store the subcharts of a release. The chart of a release with subcharts is
read from --charts-directory, or from KKP's own image in the mirror. A release whose
chart cannot be read is a gap: gaps are printed on stderr, and the exit code is 3.

Before KKP is installed, with --kkp-version, -f or --helm-values, the values are for the
charts in --charts-directory, or in KKP's image in the mirror, with the values of
--helm-values, and no cluster is read. --output-dir then also gets files for
kubermatic-installer, which takes one file with values for all charts.

--apply shows the changes of each upgrade in the cluster, and asks for confirmation on a
terminal. The data that Helm stores with a release is not trusted. An upgrade is refused
if it would create or delete objects, run hooks, change objects of other releases, or
change more than images, unless --allow names these objects.`,
		Example: `  # List the values that redirect each release
  kubectl kkp-mirror patch-helm registry.example.com/kkp

  # Print the values for one release
  kubectl kkp-mirror patch-helm registry.example.com/kkp dex -o yaml

  # Write a file for each release, and print the commands that use the files
  kubectl kkp-mirror patch-helm registry.example.com/kkp --charts-directory charts --output-dir values

  # Before KKP is installed: write files with values for kubermatic-installer
  kubectl kkp-mirror patch-helm registry.example.com/kkp --charts-directory charts --helm-values values.yaml --output-dir values

  # Validate an upgrade, then make it
  kubectl kkp-mirror patch-helm registry.example.com/kkp dex --apply --dry-run=server
  kubectl kkp-mirror patch-helm registry.example.com/kkp dex --apply`,
		Args: cobra.ArbitraryArgs,
		RunE: func(cmd *cobra.Command, args []string) error {
			args, err := f.withMirror(args, defaults)
			if err != nil {
				return err
			}
			return execute(cmd.Context(), f.complete, cmd.Flags(), args)
		},
		ValidArgsFunction: completing(f.suggest),
	}
	option.AddGroups(cmd.Flags(),
		option.Group{Title: "Input", Add: f.addCharts},
		option.Group{Title: "Upgrade", Add: f.addUpgrade},
		option.Group{Title: "Output", Add: f.addOutput},
		option.Group{Title: "Registries", Add: f.registry.Add},
		option.Group{Title: "Connection", Add: f.connection.Add})
	offer(cmd.RegisterFlagCompletionFunc, patchCompletions())
	return cmd
}

// withMirror puts the mirror of the defaults first if no arguments are given.
func (f *patchHelmFlags) withMirror(args []string, defaults *option.Defaults) ([]string, error) {
	args, err := withMirror(args, defaults, "REGISTRY", f.streams.ErrOut)
	if err != nil {
		return nil, err
	}
	return args, countArgs(args[:min(1, len(args))], "REGISTRY")
}

// suggest returns the names of releases for all arguments after REGISTRY.
func (f *patchHelmFlags) suggest(ctx context.Context, args []string) []string {
	if len(args) == 0 {
		return nil
	}
	return f.reader().releaseNames(ctx)
}

func (f *patchHelmFlags) addCharts(flags *pflag.FlagSet) {
	f.input.Add(flags)
	flags.StringSliceVar(&f.charts.Values, "helm-values", nil, "Files with Helm values for charts that are not installed, as kubermatic-installer takes them; later files take precedence")
	flags.StringVar(&f.charts.Directory, "charts-directory", "", "Directory with the charts of the releases, such as the charts of the KKP release; read for releases with subcharts")
}

func (f *patchHelmFlags) addUpgrade(flags *pflag.FlagSet) {
	flags.BoolVar(&f.apply, "apply", false, "Upgrade the releases")
	option.AddDryRun(flags, &f.change.DryRun, "With --apply: none, server or client. server: the API server validates each upgrade; client: only the releases are printed")
	flags.BoolVar(&f.upgrade.Wait, "wait", true, "With --apply: wait until the workloads are ready, and roll back a release that is not ready in time")
	flags.DurationVar(&f.upgrade.Timeout, "timeout", 5*time.Minute, "With --apply: how long to wait for each release")
	flags.StringArrayVar(&f.allowed, "allow", nil,
		"With --apply: an object, as KIND[.GROUP]/[NAMESPACE/]NAME, that the upgrade may create, delete, or change in more than images; repeatable")
	flags.BoolVar(&f.change.SkipVerify, "skip-verify", false, "With --apply: skip the check that the mirror has the images")
	option.AddYes(flags, &f.change.Yes)
}

func (f *patchHelmFlags) addOutput(flags *pflag.FlagSet) {
	f.output.AddDocument(flags)
	flags.Lookup("output").Usage = "Output format: yaml (the values), wide (keys are not shortened on a terminal), or the list as " + strings.Replace(f.output.Documents(), ", yaml", "", 1)
	flags.StringVar(&f.directory, "output-dir", "", "Write a file with values for each release into this directory, and print the commands that use them")
}

// reader reads the installation of the flags.
func (f *patchHelmFlags) reader() installationReader {
	return installationReader{Input: f.input.Parse(), connection: f.connection.Parse(), streams: f.streams}
}

func (f *patchHelmFlags) complete(flags *pflag.FlagSet, args []string) (patchHelmOptions, error) {
	o := patchHelmOptions{
		streams: f.streams, names: args[1:], charts: f.charts, directory: f.directory, apply: f.apply, change: f.change, allowed: f.allowed, upgrade: f.upgrade,
		installation: f.reader(),
	}
	o.planned = flags.Changed("filename") || flags.Changed("kkp-version") || flags.Changed("helm-values")
	for _, flag := range []string{"dry-run", "wait", "timeout", "allow", "yes", "skip-verify"} {
		if flags.Changed(flag) && !f.apply {
			return o, option.Usagef("--%s requires --apply", flag)
		}
	}
	var err error
	if o.target, err = registryTarget(args[0]); err != nil {
		return o, err
	}
	if o.output, err = f.output.Parse(option.FormatYAML, option.FormatWide); err != nil { // the values for Helm, not a HelmValuesList
		return o, err
	}
	o.registry, err = f.registry.Parse(o.target)
	o.registry = o.registry.Through(o.target)
	return o, err
}

// patchHelmOptions are the options of the patch-helm command.
type patchHelmOptions struct {
	streams      genericiooptions.IOStreams
	target       images.Target // the mirror
	names        []string      // of releases, NAME or NAMESPACE/NAME; none: all
	planned      bool          // the charts are not installed
	installation installationReader
	registry     option.Registry
	charts       option.Charts
	output       option.Output
	directory    string // for files with values; "": no files
	apply        bool
	change       option.Change
	allowed      []string // names of objects
	upgrade      upgrade.Options
}

func (o patchHelmOptions) validate() error {
	for _, name := range o.allowed {
		if parts := strings.Split(name, "/"); len(parts) < 2 || len(parts) > 3 || slices.Contains(parts, "") {
			return option.Usagef("--allow %q: write KIND[.GROUP]/NAMESPACE/NAME, or KIND[.GROUP]/NAME for an object without a namespace", name)
		}
	}
	if o.planned && o.apply {
		return option.Usagef("--apply is for installed releases; it cannot be combined with --filename, --kkp-version or --helm-values")
	}
	printed := o.output.Format != option.FormatTable
	if o.apply && (o.directory != "" || printed) {
		return option.Usagef("--apply cannot be combined with -o or --output-dir")
	}
	if o.directory != "" && printed {
		return option.Usagef("-o and --output-dir cannot be combined")
	}
	return nil
}

func (o patchHelmOptions) run(ctx context.Context) error {
	releases, err := o.find(ctx)
	if err != nil {
		return err
	}
	display.Remarks(o.streams.ErrOut, images.Inventory{Gaps: releases.gaps})
	switch {
	case o.output.Printer != nil:
		err = display.Document(o.streams.Out, o.output.Printer, redirect.NewList(o.target, releases.items(), releases.gaps))
	case o.output.Format == option.FormatYAML:
		err = display.Values(o.streams.Out, o.target.String(), releases.shownReleases())
	case o.directory != "":
		err = o.writeFiles(releases)
	default:
		err = display.HelmReleases(o.streams.Out, releases.shownReleases(), o.output.Format == option.FormatWide)
	}
	if err == nil && o.apply {
		err = o.upgradeAll(ctx, releases)
	}
	if err != nil {
		return err
	}
	return releaseGaps(releases.gaps)
}

// releaseGaps returns a *PartialError for releases without a result.
func releaseGaps(gaps []images.Gap) error {
	if len(gaps) == 0 {
		return nil
	}
	return &PartialError{Message: fmt.Sprintf("%s: the releases named there still pull from their current registries", display.Count(len(gaps), "gap"))}
}
