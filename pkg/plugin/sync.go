package plugin

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	"k8s.io/cli-runtime/pkg/genericiooptions"
	"k8s.io/cli-runtime/pkg/printers"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/transfer"
)

// maxListBytes bounds an image list that is read: 300,000 images with their reasons.
const maxListBytes = 64 << 20

// syncCommand is what the sync command was asked.
type syncCommand struct {
	streams    genericiooptions.IOStreams
	input      *inputFlags
	scope      scopeFlags
	registries registryFlags
	output     *outputFlags
	list       string
	platforms  []string
	dryRun     bool
	noProgress bool
	report     string
}

func newSyncCommand(streams genericiooptions.IOStreams) *cobra.Command {
	c := &syncCommand{streams: streams, input: newInputFlags(), output: newOutputFlags()}
	cmd := &cobra.Command{
		Use:   "sync TARGET",
		Short: "Copy every image that KKP needs into a registry",
		Long: `Copy every container image that a KKP installation needs into a registry.

TARGET is registry[:port][/prefix]. An image keeps its path and its digest, only the
host changes, which is where KKP's overwriteRegistry looks for it:
quay.io/kubermatic/kubermatic:v2.31.0 goes to TARGET/kubermatic/kubermatic:v2.31.0.

Images are copied with all their platforms, several at once. Those that are there with
the same digest are left alone, so an interrupted run goes on where it stopped when it
is started again. Credentials are those of docker login and podman login.

Exit code 3 says that some images could not be copied, or that the list has gaps.`,
		Example: `  # Copy what this installation needs
  kubectl kkp-mirror sync registry.example.com/kkp

  # See first what would go where
  kubectl kkp-mirror sync registry.example.com/kkp --dry-run

  # Pull through a cache, and trust a CA of your own
  kubectl kkp-mirror sync registry.example.com --registry-map '*=cache.example.com/{host}' --ca-file ca.pem

  # Copy exactly what was reviewed
  kubectl kkp-mirror images --digests -o json > images.json
  kubectl kkp-mirror sync registry.example.com --images images.json`,
		Args: exactArgs("TARGET"),
		RunE: func(cmd *cobra.Command, args []string) error { return c.run(cmd.Context(), cmd, args[0]) },
	}
	addGroups(cmd,
		flagGroup{"Input", func(flags *pflag.FlagSet) {
			c.input.add(flags)
			flags.StringVar(&c.list, "images", "", "Copy the images of this list, as 'images -o json' prints it (- is stdin), not those of a cluster")
		}},
		flagGroup{"Scope", c.scope.add},
		flagGroup{"Registries", c.registries.add},
		flagGroup{"Transfer", c.addTransfer},
		flagGroup{"Output", c.output.addDocument},
		flagGroup{"Connection", c.input.addConnection})
	complete(cmd, completions())
	return cmd
}

func (c *syncCommand) addTransfer(flags *pflag.FlagSet) {
	flags.StringSliceVar(&c.platforms, "platform", nil,
		"Copy only these platforms of each image, such as linux/amd64; the digest of a multi-platform image changes (default: all)")
	flags.BoolVar(&c.dryRun, "dry-run", false, "Print what would be copied where, and stop")
	flags.BoolVar(&c.noProgress, "no-progress", false, "Print a line for each image, also on a terminal")
	flags.StringVar(&c.report, "report", "", "Write what became of each image to this file, as JSON")
}

func (c *syncCommand) run(ctx context.Context, cmd *cobra.Command, arg string) error {
	target, err := images.ParseTarget(arg)
	if err != nil {
		return usageError(cmd, err)
	}
	printer, err := c.output.documentPrinter(cmd)
	if err != nil {
		return err
	}
	platforms, err := parsePlatforms(cmd, c.platforms)
	if err != nil {
		return err
	}
	registries, err := c.registries.registries(cmd)
	if err != nil {
		return err
	}
	inv, err := c.inventory(ctx, cmd)
	if err != nil {
		return err
	}
	plan, err := images.NewPlan(inv, target).Settle(func(step images.Copy) (string, error) {
		return known(ctx, registries, step)
	})
	if err != nil {
		return err
	}
	if c.dryRun {
		return c.printPlan(printer, inv, target, plan)
	}
	return c.transfer(ctx, registries, plan, target, platforms, inv.Gaps, printer)
}

// known returns the digest of a source, asking its registry only if the plan lacks it.
func known(ctx context.Context, registries *transfer.Registries, step images.Copy) (string, error) {
	if step.Digest != "" {
		return step.Digest, nil
	}
	return registries.Digest(ctx, step.Source)
}

// inventory is what to copy: a list that was written before, or what is discovered now.
func (c *syncCommand) inventory(ctx context.Context, cmd *cobra.Command) (images.Inventory, error) {
	if c.list != "" {
		return c.readList(cmd)
	}
	opts, err := c.scope.options(cmd)
	if err != nil {
		return images.Inventory{}, err
	}
	inst, release, err := c.input.load(ctx, cmd, c.streams)
	if err != nil {
		return images.Inventory{}, err
	}
	result, err := c.scope.inventory(cmd, inst, release, opts)
	if err != nil {
		return images.Inventory{}, err
	}
	printSummary(c.streams.ErrOut, releaseTitle(release), result, len(result.Images))
	return result.Inventory, nil
}

// readList reads a list of images, which no other input can be combined with.
func (c *syncCommand) readList(cmd *cobra.Command) (images.Inventory, error) {
	for _, name := range []string{"filename", "all", "source", "provider-filter", "version-filter", "kkp-version", "edition"} {
		if cmd.Flags().Changed(name) {
			return images.Inventory{}, usageError(cmd, fmt.Errorf("--images and --%s exclude each other: the list says what to copy", name))
		}
	}
	data, err := readBounded(c.list, c.streams.In)
	if err != nil {
		return images.Inventory{}, fmt.Errorf("--images: %w", err)
	}
	inv, err := images.ParseList(data)
	if err != nil {
		return images.Inventory{}, fmt.Errorf("--images %s: %w", c.list, err)
	}
	return c.scope.withPrefix(inv), nil
}

// readBounded reads a file, or stdin for "-".
func readBounded(path string, stdin io.Reader) ([]byte, error) {
	in := stdin
	if path != "-" {
		file, err := os.Open(path)
		if err != nil {
			return nil, err
		}
		defer file.Close()
		in = file
	}
	data, err := io.ReadAll(io.LimitReader(in, maxListBytes+1))
	if err == nil && len(data) > maxListBytes {
		err = fmt.Errorf("%s is larger than %s", path, size(maxListBytes))
	}
	return data, err
}

// printPlan prints what would be copied where.
func (c *syncCommand) printPlan(printer printers.ResourcePrinter, inv images.Inventory, target images.Target, plan images.Plan) error {
	if printer != nil {
		for i := range inv.Images {
			to := target.Ref(inv.Images[i].Ref)
			inv.Images[i].Target = &to
		}
		if err := printDocument(printer, inv.List(), c.streams.Out); err != nil {
			return err
		}
		return gapsError(inv.Gaps)
	}
	w := printers.GetNewTabWriter(c.streams.Out)
	fmt.Fprintln(w, "SOURCE\tTARGET")
	for _, step := range plan.Copies {
		fmt.Fprintf(w, "%s\t%s\n", step.Source, step.Written())
	}
	if err := w.Flush(); err != nil {
		return err
	}
	fmt.Fprintf(c.streams.ErrOut, "dry run: %s would be copied to %s if they are not there; nothing was changed\n", count(len(plan.Copies), "image"), target)
	return gapsError(inv.Gaps)
}

// transfer copies, and reports what became of it.
func (c *syncCommand) transfer(ctx context.Context, registries *transfer.Registries, plan images.Plan, target images.Target,
	platforms []v1.Platform, gaps []images.Gap, printer printers.ResourcePrinter,
) error {
	if len(plan.Copies) == 0 {
		fmt.Fprintln(c.streams.ErrOut, "nothing to copy")
		return gapsError(gaps)
	}
	if err := registries.CheckTarget(ctx, plan.Copies[0].Target); err != nil {
		return fmt.Errorf("%w\n%s", err, transfer.Classify(err).Remedy())
	}
	progress := newProgress(c.streams.ErrOut, len(plan.Copies), c.noProgress)
	report := registries.Copy(ctx, plan, transfer.Options{Jobs: c.registries.jobs, Platforms: platforms, Observer: progress})
	progress.close()
	document := report.Document(target, gaps)
	if c.report != "" {
		if err := writeReport(c.report, document); err != nil {
			return fmt.Errorf("--report: %w", err)
		}
	}
	if printer != nil {
		if err := printDocument(printer, document, c.streams.Out); err != nil {
			return err
		}
	} else {
		fmt.Fprintln(c.streams.Out, outcome(document))
	}
	return cmp.Or(interrupted(ctx, document), failuresError(report), gapsError(gaps))
}

// writeReport writes the report whole or not at all.
func writeReport(path string, report images.SyncReport) error {
	data, err := json.MarshalIndent(report, "", "  ")
	if err != nil {
		return err
	}
	temporary := path + ".partial"
	if err := os.WriteFile(temporary, append(data, '\n'), 0o644); err != nil {
		return err
	}
	return os.Rename(temporary, path)
}
