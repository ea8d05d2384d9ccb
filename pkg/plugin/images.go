package plugin

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	"k8s.io/cli-runtime/pkg/genericiooptions"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/catalog"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/discover"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/transfer"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/kkp"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/plugin/display"
)

// imagesCommand is what the images command was asked.
type imagesCommand struct {
	streams    genericiooptions.IOStreams
	input      *inputFlags
	scope      scopeFlags
	registries registryFlags
	output     *outputFlags
	digests    bool
	diff       bool
}

func newImagesCommand(streams genericiooptions.IOStreams) *cobra.Command {
	c := &imagesCommand{streams: streams, input: newInputFlags(), output: newOutputFlags()}
	cmd := &cobra.Command{
		Use:   "images [REF...]",
		Short: "List every image that KKP needs, and why",
		Long: `List every container image that a KKP installation needs, and why.

The list is made for the installation that your kubeconfig points to: its KKP version
and edition, the providers of its datacenters, and the Kubernetes versions and CNIs of
its user clusters. With REF, only matching images are shown, each with all its reasons:
a whole reference, a repository, or the last parts of one.

What could not be read is a gap: it is named on stderr, and the exit code is 3.`,
		Example: `  # What this installation needs
  kubectl kkp-mirror images

  # Why is an image needed?
  kubectl kkp-mirror images kube-state-metrics

  # One reference a line, for scripts
  kubectl kkp-mirror images -o name

  # What would an upgrade need that is not needed today?
  kubectl kkp-mirror images --kkp-version v2.31.0 --diff

  # Before KKP is installed
  kubectl kkp-mirror images -f kubermatic.yaml -f seeds.yaml --kkp-version v2.31.0 --edition ce

  # A lock file for sync: every image with its digest
  kubectl kkp-mirror images --digests -o json > images.json`,
		RunE: func(cmd *cobra.Command, args []string) error { return c.run(cmd.Context(), cmd, args) },
	}
	addGroups(cmd,
		flagGroup{"Input", c.input.add},
		flagGroup{"Scope", func(flags *pflag.FlagSet) {
			c.scope.add(flags)
			flags.BoolVar(&c.diff, "diff", false, "With --kkp-version or --edition: only what does not run today")
		}},
		flagGroup{"Output", func(flags *pflag.FlagSet) {
			c.output.add(flags)
			flags.BoolVar(&c.digests, "digests", false, "Ask the registries for the digest of every image")
		}},
		flagGroup{"Registries", c.registries.add},
		flagGroup{"Connection", c.input.addConnection})
	complete(cmd, completions())
	return cmd
}

func (c *imagesCommand) run(ctx context.Context, cmd *cobra.Command, refs []string) error {
	printer, err := c.output.documentPrinter(cmd, formatWide, formatName)
	if err != nil {
		return err
	}
	registries, err := c.registries.registries(cmd, images.Target{})
	if err != nil {
		return err
	}
	result, title, err := c.find(ctx, cmd, registries)
	if err != nil {
		return err
	}
	whole := result
	if len(refs) > 0 {
		if result.Inventory, err = matching(result.Inventory, refs); err != nil {
			return err
		}
	}
	if c.digests {
		resolveDigests(ctx, registries, &result.Inventory, c.registries.jobs)
	}
	switch {
	case printer != nil:
		err = display.Document(c.streams.Out, printer, result.List())
	case c.output.format() == formatName:
		display.Names(c.streams.Out, result.Inventory)
	case len(refs) > 0:
		display.Reasons(c.streams.Out, result.Inventory)
	default:
		err = display.Images(c.streams.Out, result.Inventory, c.output.format() == formatWide, c.output.noHeaders)
	}
	if err != nil {
		return err
	}
	whole.Gaps, whole.Notes = result.Gaps, result.Notes
	summary(title, whole, len(result.Images)).Print(c.streams.ErrOut)
	return gapsError(result.Gaps)
}

// find discovers what is needed, and says of what.
func (c *imagesCommand) find(ctx context.Context, cmd *cobra.Command, registries *transfer.Registries) (discover.Result, string, error) {
	opts, err := c.scope.options(cmd, registries)
	if err != nil {
		return discover.Result{}, "", err
	}
	inst, release, err := c.input.load(ctx, cmd, c.streams, registries, discover.Parts(opts.Sources))
	if err != nil {
		return discover.Result{}, "", err
	}
	title := releaseTitle(release)
	result, err := c.scope.inventory(ctx, cmd, inst, release, opts)
	if err != nil || !c.diff {
		return result, title, err
	}
	if inst.Version == "" || c.input.kkpVersion == "" && c.input.edition == "" {
		return discover.Result{}, "", usageError(cmd, errors.New("--diff compares what runs with what is planned by --kkp-version or --edition, and both must be known"))
	}
	// Without a word about the edition, that of the plan is the one that runs.
	running, err := c.input.release(cmd, inst.Version, cmp.Or(inst.Edition, c.input.edition), inst.Live)
	if err != nil {
		return discover.Result{}, "", err
	}
	result.Inventory = c.beyond(ctx, result.Inventory, inst, running, opts)
	return result, title + ", beyond what " + strings.TrimPrefix(releaseTitle(running), "KKP ") + " needs", nil
}

// beyond returns what a plan needs and the release that runs does not. The charts and addons
// at hand are the plan's.
func (c *imagesCommand) beyond(ctx context.Context, plan images.Inventory, inst kkp.Installation, running *catalog.Release, opts discover.Options) images.Inventory {
	if charts, ok := opts.Charts.(*chartReader); ok {
		opts.Charts = installedCharts{charts}
	}
	opts.Addons.Dir, opts.Addons.Image = nil, ""
	today := discovered(ctx, inst, running, opts)
	rest := plan.Without(today.Inventory)
	unknown := slices.DeleteFunc(today.Gaps, func(gap images.Gap) bool { return slices.Contains(plan.Gaps, gap) })
	if len(unknown) > 0 {
		rest.Notes = append(rest.Notes, fmt.Sprintf("what %s needs is not known in full, so some of the list may be there already: %s, the first is %s",
			releaseTitle(running), display.Count(len(unknown), "gap"), unknown[0]))
	}
	return rest
}

func releaseTitle(release *catalog.Release) string {
	return fmt.Sprintf("KKP %s %s", release.Version(), strings.ToUpper(string(release.Edition())))
}

// summary is what a list is for, of which a number of images is shown.
func summary(title string, result discover.Result, shown int) display.Summary {
	return display.Summary{
		Title: title, Kubernetes: result.Scope.Kubernetes, Providers: result.Scope.Providers, Inventory: result.Inventory, Shown: shown,
	}
}

// matching keeps the images that the patterns mean. A pattern that means none is an
// error: it is more often a slip than a question.
func matching(inv images.Inventory, patterns []string) (images.Inventory, error) {
	for _, pattern := range patterns {
		if len(inv.Where(func(img images.Image) bool { return img.Ref.Matches(pattern) }).Images) == 0 {
			return inv, fmt.Errorf("no image in the list matches %q; 'kubectl kkp-mirror images --all' lists every image that the release can use", pattern)
		}
	}
	return inv.Where(func(img images.Image) bool {
		for _, pattern := range patterns {
			if img.Ref.Matches(pattern) {
				return true
			}
		}
		return false
	}), nil
}

// gapsError makes gaps the outcome of a command.
func gapsError(gaps []images.Gap) error {
	if len(gaps) == 0 {
		return nil
	}
	text := display.Count(len(gaps), "gap")
	if causes := len(images.Causes(gaps)); causes < len(gaps) {
		text += " from " + display.Count(causes, "cause")
	}
	return &PartialError{Message: fmt.Sprintf("the list has %s: images may be missing from it", text)}
}
