package plugin

import (
	"cmp"
	"context"
	"fmt"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	"k8s.io/cli-runtime/pkg/genericiooptions"
	"k8s.io/cli-runtime/pkg/printers"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/transfer"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/plugin/display"
)

// verifyCommand is what the verify command was asked.
type verifyCommand struct {
	selection
	deep bool
	fix  bool
}

func newVerifyCommand(streams genericiooptions.IOStreams) *cobra.Command {
	c := &verifyCommand{selection: newSelection(streams)}
	cmd := &cobra.Command{
		Use:   "verify TARGET",
		Short: "Prove that a registry or an archive has every image that KKP needs",
		Long: `Prove that a registry or an archive has every container image that a KKP installation
needs, exactly as its source has it.

Every manifest is read again, and its digest compared with that of the source. Every
blob is asked for. The referrers of an image at its source (signatures, attestations,
SBOMs) must be at the target. Without access to the source, a list with digests
(--images) takes its place: then referrers are not known, and not compared.

Nothing is changed, unless --fix is given: then what is missing or different is copied,
what --deep has found to be damaged is deleted and uploaded anew, and what was repaired
is verified again.

Exit code 3 says that something is missing or different, or could not be checked.`,
		Example: `  # Is everything there?
  kubectl kkp-mirror verify registry.example.com/kkp

  # Read and hash every byte of an archive, without the internet
  kubectl kkp-mirror verify oci-archive:kkp.tar --images images.json --deep

  # Copy what is missing
  kubectl kkp-mirror verify registry.example.com/kkp --fix`,
		Args: exactArgs("TARGET"),
		RunE: func(cmd *cobra.Command, args []string) error { return c.run(cmd.Context(), cmd, args[0]) },
	}
	c.addFlags(cmd, "Check", flagGroup{"Verification", c.addVerification})
	return cmd
}

func (c *verifyCommand) addVerification(flags *pflag.FlagSet) {
	flags.BoolVar(&c.deep, "deep", false, "Read and hash all content")
	flags.BoolVar(&c.fix, "fix", false, "Copy what is missing or different, and replace what is damaged")
	c.addContent(flags)
}

func (c *verifyCommand) run(ctx context.Context, cmd *cobra.Command, arg string) error {
	target, err := images.ParseTarget(arg)
	if err != nil {
		return usageError(cmd, err)
	}
	if target.Archive != "" && c.fix {
		return usageError(cmd, fmt.Errorf("--fix repairs registries; write the archive anew with 'sync %s'", target))
	}
	printer, err := c.output.documentPrinter(cmd)
	if err != nil {
		return err
	}
	p, err := c.resolve(ctx, cmd, target)
	if err != nil {
		return err
	}
	opts := c.transferOptions(p)
	if target.Archive != "" {
		if opts.Into, err = transfer.OpenArchive(ctx, target.Archive); err != nil {
			return err
		}
		defer opts.Into.Close()
	}
	verification := p.registries.Verify(ctx, p.plan, opts, c.deep)
	broken := verification.Broken(p.plan)
	if !c.fix || len(broken.Copies) == 0 || ctx.Err() != nil {
		return c.print(ctx, printer, p, verification)
	}
	report := c.repair(ctx, p, opts, verification)
	if ctx.Err() != nil {
		return interrupted(ctx, report.Document(p.target, nil))
	}
	verification = verification.Updated(p.registries.Verify(ctx, broken, opts, c.deep))
	err = c.print(ctx, printer, p, verification)
	return cmp.Or(failures(report), err)
}

// repair copies what is broken, with all of its parts.
func (c *verifyCommand) repair(ctx context.Context, p planned, opts transfer.Options, found images.Verification) images.Report {
	progress := c.newProgress(len(found.Broken(p.plan).Copies))
	defer progress.Close()
	opts.Observer = progress
	return p.registries.Repair(ctx, p.plan, found, opts)
}

func (c *verifyCommand) print(ctx context.Context, printer printers.ResourcePrinter, p planned, verification images.Verification) error {
	document := verification.Document(p.target, c.deep, p.inventory.Gaps)
	if printer != nil {
		if err := display.Document(c.streams.Out, printer, document); err != nil {
			return err
		}
	} else if err := display.Verification(c.streams.Out, document); err != nil {
		return err
	}
	var classes []images.Class
	for _, check := range verification.Checks {
		classes = append(classes, check.Class)
	}
	c.noteWithheld(classes)
	display.Moved(c.streams.ErrOut, verification.Checks)
	bad := len(document.Items) - document.Summary[images.Verified]
	switch {
	case ctx.Err() != nil:
		return ctx.Err()
	case bad > 0:
		return &PartialError{Message: fmt.Sprintf("%d of %s are not what they should be in %s; 'verify --fix' copies what is missing or different",
			bad, display.Count(len(document.Items), "image"), p.target)}
	default:
		return gapsError(p.inventory.Gaps)
	}
}
