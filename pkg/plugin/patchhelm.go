package plugin

import (
	"context"
	"errors"
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
)

// patchHelmCommand is what the patch-helm command was asked.
type patchHelmCommand struct {
	streams    genericiooptions.IOStreams
	input      *inputFlags
	registries registryFlags
	charts     chartFlags
	output     *outputFlags
	directory  string
	apply      bool
	dryRun     string
	skipVerify bool
	allowed    []string // names of objects
	yes        bool
	upgrade    upgrade.Options
}

func newPatchHelmCommand(streams genericiooptions.IOStreams) *cobra.Command {
	c := &patchHelmCommand{streams: streams, input: newInputFlags(), output: newOutputFlags()}
	cmd := &cobra.Command{
		Use:   "patch-helm REGISTRY [RELEASE...]",
		Short: "Let Helm releases pull their images from a mirror",
		Long: `Find the values that let the Helm releases of KKP, on the master and on every Seed, pull
their images from a mirror, and print them, or upgrade the releases with --apply.

REGISTRY is registry[:port][/prefix], as it was given to sync. RELEASE is the name of a
release or namespace/name. Default: all KKP releases.

patch-helm test-renders the chart to find the smallest set of values that redirects all
images, then renders the chart again to check that only image names change. Images that
no value redirects are listed.

Helm does not store the subcharts of a release. For one that has some, the chart is taken
from --charts-directory, or from KKP's own image in the mirror. A release whose chart
cannot be had is a gap: it is named on stderr, and the exit code is 3.

--apply shows what an upgrade changes in the cluster, and asks on a terminal. What Helm
stores with a release is not trusted: objects that would be created or deleted, that do
not belong to the release, or that change in more than images are refused, and so are
hooks, unless --allow names them.`,
		Example: `  # Which values redirect which release
  kubectl kkp-mirror patch-helm registry.example.com/kkp

  # Values for one release
  kubectl kkp-mirror patch-helm registry.example.com/kkp dex -o yaml

  # A file for each release, and the commands that use them
  kubectl kkp-mirror patch-helm registry.example.com/kkp --charts-directory charts --output-dir values

  # Try an upgrade, then do it
  kubectl kkp-mirror patch-helm registry.example.com/kkp dex --apply --dry-run=server
  kubectl kkp-mirror patch-helm registry.example.com/kkp dex --apply`,
		Args: c.args,
		RunE: func(cmd *cobra.Command, args []string) error { return c.run(cmd.Context(), cmd, args[0], args[1:]) },
	}
	addGroups(cmd,
		flagGroup{"Input", c.addCharts},
		flagGroup{"Upgrade", c.addUpgrade},
		flagGroup{"Output", c.addOutput},
		flagGroup{"Registries", c.registries.add},
		flagGroup{"Connection", c.input.addConnection})
	complete(cmd, patchCompletions())
	return cmd
}

// args wants a registry, and then releases.
func (c *patchHelmCommand) args(cmd *cobra.Command, args []string) error {
	return exactArgs("REGISTRY")(cmd, args[:min(1, len(args))])
}

func (c *patchHelmCommand) addCharts(flags *pflag.FlagSet) {
	flags.StringVar(&c.charts.directory, "charts-directory", "", "Directory with the charts of the releases, such as those of the KKP release, for what Helm does not store")
}

func (c *patchHelmCommand) addUpgrade(flags *pflag.FlagSet) {
	flags.BoolVar(&c.apply, "apply", false, "Upgrade the releases")
	flags.StringVar(&c.dryRun, "dry-run", dryRunNone, "With --apply: none; server: let the API server check each upgrade; client: say what would be upgraded")
	flags.BoolVar(&c.upgrade.Wait, "wait", true, "With --apply: wait until the workloads are ready, and roll back if they are not in time")
	flags.DurationVar(&c.upgrade.Timeout, "timeout", 5*time.Minute, "With --apply: how long to wait for each release")
	flags.StringArrayVar(&c.allowed, "allow", nil,
		"With --apply: an object, as KIND[.GROUP]/[NAMESPACE/]NAME, that the upgrade may create, delete, or change in more than images; repeatable")
	flags.BoolVar(&c.skipVerify, "skip-verify", false, "With --apply: do not check first that the mirror has the images")
	addYes(flags, &c.yes)
}

func (c *patchHelmCommand) addOutput(flags *pflag.FlagSet) {
	c.output.addDocument(flags)
	flags.Lookup("output").Usage = "What to print: yaml (the values), or the list in " + strings.Replace(c.output.documentFormats(), ", yaml", "", 1)
	flags.StringVar(&c.directory, "output-dir", "", "Write a file with values for each release into this directory, and print the commands that use them")
}

// check refuses combinations that mean nothing.
func (c *patchHelmCommand) check(cmd *cobra.Command) error {
	if err := checkDryRun(cmd, c.dryRun); err != nil {
		return err
	}
	for _, flag := range []string{"dry-run", "wait", "timeout", "allow", "yes", "skip-verify"} {
		if cmd.Flags().Changed(flag) && !c.apply {
			return usageError(cmd, fmt.Errorf("--%s is for --apply: nothing is changed without it", flag))
		}
	}
	for _, name := range c.allowed {
		if parts := strings.Split(name, "/"); len(parts) < 2 || len(parts) > 3 || slices.Contains(parts, "") {
			return usageError(cmd, fmt.Errorf("--allow %q: it is KIND[.GROUP]/NAMESPACE/NAME, or KIND[.GROUP]/NAME if there is no namespace", name))
		}
	}
	if c.apply && (c.directory != "" || cmd.Flags().Changed("output")) {
		return usageError(cmd, errors.New("--apply upgrades, -o and --output-dir print: choose one"))
	}
	if c.directory != "" && cmd.Flags().Changed("output") {
		return usageError(cmd, errors.New("-o and --output-dir exclude each other"))
	}
	return nil
}

func (c *patchHelmCommand) run(ctx context.Context, cmd *cobra.Command, registry string, names []string) error {
	if err := c.check(cmd); err != nil {
		return err
	}
	target, err := registryTarget(cmd, registry)
	if err != nil {
		return err
	}
	printer, err := c.output.documentPrinter(cmd, formatYAML) // the values as Helm reads them, not the list of them
	if err != nil {
		return err
	}
	found, err := c.find(ctx, cmd, target, names)
	if err != nil {
		return err
	}
	display.Remarks(c.streams.ErrOut, images.Inventory{Gaps: found.gaps})
	switch {
	case printer != nil:
		err = display.Document(c.streams.Out, printer, redirect.NewList(target, found.items(), found.gaps))
	case c.output.format() == formatYAML:
		err = c.printValues(target, found)
	case c.directory != "":
		err = c.writeFiles(target, found)
	default:
		err = c.printTable(found)
	}
	if err == nil && c.apply {
		err = c.upgradeAll(ctx, found, target)
	}
	if err != nil {
		return err
	}
	return releaseGaps(found.gaps)
}

// releaseGaps makes releases that nothing is known of the outcome of the command.
func releaseGaps(gaps []images.Gap) error {
	if len(gaps) == 0 {
		return nil
	}
	return &PartialError{Message: fmt.Sprintf("%s: what is named there still comes from where it does now", display.Count(len(gaps), "gap"))}
}
