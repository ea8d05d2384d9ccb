package plugin

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	"k8s.io/cli-runtime/pkg/genericiooptions"
	"k8s.io/cli-runtime/pkg/printers"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/atomicfile"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/transfer"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/plugin/display"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/plugin/terminal"
)

// syncCommand is what the sync command was asked.
type syncCommand struct {
	selection
	dryRun            bool
	report            string
	allowDigestChange bool
	since             string
}

func newSyncCommand(streams genericiooptions.IOStreams) *cobra.Command {
	c := &syncCommand{selection: newSelection(streams)}
	cmd := &cobra.Command{
		Use:   "sync TARGET",
		Short: "Copy every image that KKP needs into a registry or an archive",
		Long: `Copy every container image that a KKP installation needs into a registry.

TARGET is registry[:port][/prefix]. An image keeps its path and its digest, only the
host changes, which is where KKP's overwriteRegistry looks for it:
quay.io/kubermatic/kubermatic:v2.31.0 goes to TARGET/kubermatic/kubermatic:v2.31.0.

TARGET may also be oci:DIR or oci-archive:FILE.tar, an archive in the OCI image layout,
which is carried to where there is no internet and copied into a registry with
--load-from.

Images are copied with all their platforms, several at once. Those that are there with
the same digest are left alone, so an interrupted run goes on where it stopped when it
is started again. Credentials are those of docker login and podman login, and the
imagePullSecret of the KubermaticConfiguration for the registries that it names.

Exit code 3 says that some images could not be copied, or that the list has gaps.`,
		Example: `  # Copy what this installation needs
  kubectl kkp-mirror sync registry.example.com/kkp

  # See first what would go where
  kubectl kkp-mirror sync registry.example.com/kkp --dry-run

  # Pull through a cache, and trust a CA of your own
  kubectl kkp-mirror sync registry.example.com --registry-map '*=cache.example.com/{host}' --ca-file ca.pem

  # Without a way from here to the registry: through an archive
  kubectl kkp-mirror sync oci-archive:kkp.tar
  kubectl kkp-mirror sync registry.example.com/kkp --load-from oci-archive:kkp.tar

  # Copy exactly what was reviewed
  kubectl kkp-mirror images --digests -o json > images.json
  kubectl kkp-mirror sync registry.example.com --images images.json`,
		Args: exactArgs("TARGET"),
		RunE: func(cmd *cobra.Command, args []string) error { return c.run(cmd.Context(), cmd, args[0]) },
	}
	c.addFlags(cmd, "Copy", flagGroup{"Transfer", c.addTransfer})
	return cmd
}

func (c *syncCommand) addTransfer(flags *pflag.FlagSet) {
	flags.StringVar(&c.loadFrom, "load-from", "", "Copy the images of this archive (oci:DIR, oci-archive:FILE.tar or a path), and ask no cluster and no other registry")
	c.addContent(flags)
	flags.BoolVar(&c.allowDigestChange, "allow-digest-change", false, "Let --platform change the digest of images that are referred to by digest")
	flags.StringVar(&c.since, "since", "", "Archive only images that are not in this older archive or list")
	flags.BoolVar(&c.dryRun, "dry-run", false, "Print what would be copied where, and stop")
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
	if c.since != "" && target.Archive == "" {
		return usageError(cmd, errors.New("--since is for archives: a registry is always asked for what it has"))
	}
	if c.loadFrom != "" {
		if err := c.alone(cmd, "load-from"); err != nil {
			return err
		}
		if c.archive, err = transfer.OpenArchive(ctx, c.loadFrom); err != nil {
			return fmt.Errorf("--load-from: %w", err)
		}
		defer c.archive.Close()
	}
	p, err := c.resolve(ctx, cmd, target)
	if err != nil {
		return err
	}
	var since *transfer.Archive
	if c.since != "" {
		if since, p.plan, err = c.newer(ctx, p); err != nil {
			return fmt.Errorf("--since: %w", err)
		}
		if since != nil {
			defer since.Close()
		}
	}
	if c.dryRun {
		return c.printPlan(printer, p.inventory, target, p.plan)
	}
	return c.transfer(ctx, p, since, printer)
}

// printPlan prints what would be copied where.
func (c *syncCommand) printPlan(printer printers.ResourcePrinter, inv images.Inventory, target images.Target, plan images.Plan) error {
	if printer != nil {
		for i := range inv.Images {
			to := target.Ref(inv.Images[i].Ref)
			inv.Images[i].Target = &to
		}
		if err := display.Document(c.streams.Out, printer, inv.List()); err != nil {
			return err
		}
		return gapsError(inv.Gaps)
	}
	if err := display.Plan(c.streams.Out, plan); err != nil {
		return err
	}
	fmt.Fprintf(c.streams.ErrOut, "dry run: %s would be copied to %s if they are not there; nothing was changed\n", display.Count(len(plan.Copies), "image"), target)
	return gapsError(inv.Gaps)
}

// transfer copies, and reports what became of it.
func (c *syncCommand) transfer(ctx context.Context, p planned, since *transfer.Archive, printer printers.ResourcePrinter) error {
	if len(p.plan.Copies) == 0 {
		fmt.Fprintln(c.streams.ErrOut, "nothing to copy")
		return gapsError(p.inventory.Gaps)
	}
	report, err := c.copy(ctx, p, since)
	if err != nil {
		return err
	}
	document := report.Document(p.target, p.inventory.Gaps)
	if c.report != "" {
		if err := writeReport(c.report, document); err != nil {
			return fmt.Errorf("--report: %w", err)
		}
	}
	if printer != nil {
		if err := display.Document(c.streams.Out, printer, document); err != nil {
			return err
		}
	} else {
		fmt.Fprintln(c.streams.Out, display.Outcome(document))
	}
	return cmp.Or(interrupted(ctx, document), failures(report), gapsError(p.inventory.Gaps))
}

// copy carries out the plan, with the registry or the archive that is the target.
func (c *syncCommand) copy(ctx context.Context, p planned, since *transfer.Archive) (images.Report, error) {
	opts := c.transferOptions(p)
	opts.AllowDigestChange, opts.From, opts.Since = c.allowDigestChange, c.archive, since
	if p.target.Archive == "" {
		if err := p.registries.CheckTarget(ctx, p.plan.Copies[0].Target); err != nil && !transfer.IsMissingRepository(err) {
			c.noteWithheld([]images.Class{transfer.Classify(err)})
			return images.Report{}, fmt.Errorf("%w\n%s", err, transfer.Classify(err).Remedy())
		}
	} else {
		into, err := transfer.CreateArchive(p.target.Archive)
		if err != nil {
			return images.Report{}, err
		}
		opts.Into = into
	}
	progress := c.newProgress(len(p.plan.Copies))
	opts.Observer = progress
	report := p.registries.Copy(ctx, p.plan, opts)
	progress.Close()
	var classes []images.Class
	for _, result := range report.Results {
		classes = append(classes, result.Class)
	}
	c.noteWithheld(classes)
	for _, quota := range p.registries.Quotas() {
		fmt.Fprintln(c.streams.ErrOut, quota)
	}
	if opts.Into == nil {
		return report, nil
	}
	if ctx.Err() != nil {
		return report, opts.Into.Close() // the next run goes on with it
	}
	return report, opts.Into.Finish()
}

// newer opens the archive that was given out before, or leaves out of the plan what a list
// has with the same digest.
func (c *syncCommand) newer(ctx context.Context, p planned) (*transfer.Archive, images.Plan, error) {
	since, archiveErr := transfer.OpenArchive(ctx, c.since)
	if archiveErr == nil || transfer.IsArchive(c.since) {
		return since, p.plan, archiveErr
	}
	data, err := readBounded(c.since, c.streams.In)
	if err != nil {
		return nil, p.plan, err
	}
	before, err := images.ParseList(data)
	if err != nil {
		return nil, p.plan, fmt.Errorf("%s cannot be read: as an archive: %w; as an image list: %w", c.since, archiveErr, err)
	}
	known := map[images.Ref]images.Image{}
	for _, img := range before.Images {
		known[img.Ref] = img
	}
	plan := images.Plan{Target: p.plan.Target}
	for _, step := range p.plan.Copies {
		img := known[step.Source]
		if old := cmp.Or(img.Digest, img.Ref.Digest); old != "" && img.Covers(step.Also) {
			if now, err := digestOf(ctx, p.registries, step); err == nil && now == old {
				continue
			}
		}
		plan.Copies = append(plan.Copies, step)
	}
	return nil, plan, nil
}

// writeReport writes the report whole or not at all.
func writeReport(path string, report images.SyncReport) error {
	data, err := json.MarshalIndent(report, "", "  ")
	if err != nil {
		return err
	}
	return atomicfile.Write(path, []byte(terminal.Escape(string(data))+"\n"), 0o644)
}
