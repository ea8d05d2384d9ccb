package plugin

import (
	"cmp"
	"context"
	"fmt"
	"io"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	"k8s.io/cli-runtime/pkg/genericiooptions"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/transfer"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/plugin/display"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/plugin/option"
)

// verifyFlags are the flags of the verify command.
type verifyFlags struct {
	selectionFlags
	deep   bool
	fix    bool
	report string
}

func newVerifyCommand(streams genericiooptions.IOStreams, defaults *option.Defaults) *cobra.Command {
	f := &verifyFlags{selectionFlags: newSelectionFlags(streams)}
	cmd := &cobra.Command{
		Use:   "verify [TARGET]",
		Short: "Verify that a registry or an archive has every image that KKP needs",
		Long: `Verify that a registry or an archive has every container image that a KKP installation
needs, with the same content as the source.

Every manifest is read, and its digest is compared with the digest at the source. Every
blob must exist. The referrers of an image at its source (signatures, attestations,
SBOMs) must exist at the target. Without access to the source, pass a lock (a list with
digests) with --images; referrers are not compared then.

Without TARGET, the target is the mirror of the configuration file (see --config), or the
mirror that patch-config has set in the KubermaticConfiguration.

Nothing is changed without --fix. With --fix, missing and different images are copied,
content that --deep found damaged is deleted and uploaded again, and the repaired images
are verified again.

Exit code 3: an image is missing or different, or could not be verified.`,
		Example: `  # Verify a registry
  kubectl kkp-mirror verify registry.example.com/kkp

  # After patch-config: verify the mirror of the installation
  kubectl kkp-mirror verify

  # Read and hash all content of an archive, offline
  kubectl kkp-mirror verify oci-archive:kkp.tar --images images.json --deep

  # Copy missing images
  kubectl kkp-mirror verify registry.example.com/kkp --fix`,
		Args: atMost("TARGET"),
		RunE: func(cmd *cobra.Command, args []string) error {
			args, err := withTarget(cmd.Context(), args, defaults, f.reader())
			if err != nil {
				return err
			}
			return execute(cmd.Context(), f.complete, cmd.Flags(), args)
		},
	}
	option.AddGroups(cmd.Flags(), f.groups("Check", option.Group{Title: "Verification", Add: f.add})...)
	cmd.Flags().Lookup("output").Usage = "Output format: " + option.Pages + ", " + f.output.Documents()
	offer(cmd.RegisterFlagCompletionFunc, completions())
	return cmd
}

func (f *verifyFlags) add(flags *pflag.FlagSet) {
	flags.BoolVar(&f.deep, "deep", false, "Read and hash all content")
	flags.StringVar(&f.report, "report", "", "Write the result for each image to this file: a page to review if the name ends in .html, otherwise JSON")
	flags.BoolVar(&f.fix, "fix", false, "Copy missing and different images, and replace damaged content")
	f.content.Add(flags)
	flags.StringVar(&f.since, "since", "", "Compare with this older list, lock or archive (- is stdin): a page shows what is new, changed or gone")
	flags.Lookup("platform").Usage = "Check only these platforms, such as linux/amd64, and copy only these with --fix (default: all)"
}

func (f *verifyFlags) complete(flags *pflag.FlagSet, args []string) (verifyOptions, error) {
	target, err := images.ParseTarget(args[0])
	if err != nil {
		return verifyOptions{}, option.Usage(err)
	}
	selection, err := f.selectionFlags.complete(flags, target, option.FormatHTML, option.FormatCSV)
	return verifyOptions{selection: selection, deep: f.deep, fix: f.fix, report: f.report}, err
}

// verifyOptions are the options of the verify command.
type verifyOptions struct {
	selection
	deep   bool
	fix    bool
	report string // a file to write; "": none
}

func (o verifyOptions) validate() error {
	if o.target.Archive != "" && o.fix {
		return option.Usagef("--fix repairs registries only; to repair an archive, write it again with 'sync %s'", o.target)
	}
	return nil
}

func (o verifyOptions) run(ctx context.Context) error {
	if err := checkReport(o.report); err != nil {
		return err
	}
	since, err := readEarlier(ctx, o.since, o.streams.In)
	defer since.close()
	if err != nil {
		return fmt.Errorf("--since: %w", err)
	}
	p, err := o.resolve(ctx, nil)
	if err != nil {
		return err
	}
	opts := o.transferOptions()
	if o.target.Archive != "" {
		if opts.Into, err = transfer.OpenArchive(ctx, o.target.Archive); err != nil {
			return err
		}
		defer opts.Into.Close()
	}
	verification := p.registries.Verify(ctx, p.plan, opts, o.deep)
	broken := verification.Broken(p.plan)
	if !o.fix || len(broken.Copies) == 0 || ctx.Err() != nil {
		return o.print(ctx, p, opts, verification, since)
	}
	report := o.repair(ctx, p, opts, verification)
	if ctx.Err() != nil {
		return interrupted(ctx, report.Document(o.target, images.Inventory{}))
	}
	verification = verification.Updated(p.registries.Verify(ctx, broken, opts, o.deep))
	err = o.print(ctx, p, opts, verification, since)
	return cmp.Or(failures(report), err)
}

// repair copies the images that failed verification, with all their parts.
func (o verifyOptions) repair(ctx context.Context, p planned, opts transfer.Options, found images.Verification) images.Report {
	progress := o.newProgress(len(found.Broken(p.plan).Copies))
	defer progress.Close()
	opts.Observer = progress
	return p.registries.Repair(ctx, p.plan, found, opts)
}

func (o verifyOptions) print(ctx context.Context, p planned, opts transfer.Options, verification images.Verification, since earlier) error {
	places := placesOfChecks(verification.Checks)
	var err error
	if p.inventory, err = o.compared(p.inventory, places, since); err != nil {
		return fmt.Errorf("--since: %w", err)
	}
	document := verification.Document(o.target, o.deep, p.inventory)
	err = result{
		document: document,
		review: func() sheet {
			return display.ReviewVerification(o.subject("Verification of a mirror", p, since), o.described(ctx, p.registries, p.inventory, places, opts), document)
		},
		text: func(out io.Writer) error { return display.Verification(out, document) },
	}.print(o.streams.Out, o.output, o.report)
	if err != nil {
		return err
	}
	since.tell(o.streams.ErrOut, p.inventory)
	var classes []images.Class
	for _, check := range verification.Checks {
		classes = append(classes, check.Class)
	}
	p.noteWithheld(o.streams.ErrOut, classes)
	display.Moved(o.streams.ErrOut, verification.Checks)
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if text := display.Verdict(document); text != "" {
		return &PartialError{Message: text}
	}
	return gapsError(p.inventory.Gaps)
}
