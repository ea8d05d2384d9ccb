// Package plugin is the edge of the program: commands, flags, printing, progress and
// exit codes. What a command decides is decided in the packages below; this one turns
// flags into values, hands them down, and shows what comes back.
package plugin

import (
	"context"
	"errors"
	"fmt"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	"k8s.io/cli-runtime/pkg/genericiooptions"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/patch"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/plugin/terminal"
)

// version is stamped by the linker: "v1.2.3".
var version = "v0.0.0-dev"

// The exit codes of every command.
const (
	exitDone        = 0
	exitFailed      = 1
	exitUsage       = 2
	exitPartial     = 3
	exitInterrupted = 130
)

// Main runs the plugin and returns its exit code. The context ends when the user
// interrupts.
func Main(ctx context.Context, args []string, streams genericiooptions.IOStreams) int {
	errOut := terminal.New(streams.ErrOut)
	if err := logTo(errOut); err != nil {
		fmt.Fprintln(errOut, render(err, exitFailed))
		return exitFailed
	}
	root := NewCommand(streams)
	root.SetArgs(args)
	err := root.ExecuteContext(ctx)
	code := exitCode(ctx, err)
	if err != nil {
		fmt.Fprintln(errOut, render(err, code))
	}
	return code
}

// NewCommand returns the whole command tree. All that its commands print is text, but for
// the one that this program runs itself.
func NewCommand(streams genericiooptions.IOStreams) *cobra.Command {
	raw := streams
	streams = terminal.Streams(raw)
	root := &cobra.Command{
		Use:   "kubectl-kkp_mirror",
		Short: "Take a KKP installation offline",
		Long: `Take a Kubermatic Kubernetes Platform (KKP) installation offline.

kkp-mirror reads the live KubermaticConfiguration, Seeds, Clusters, addons,
applications and Helm releases through your kubeconfig, works out which container
images KKP needs, copies them into a private registry or an archive, and proves that
they are there. Then it points KKP at the registry; only the patch commands change
anything in the cluster.`,
		Example: `  # What is needed, and why
  kubectl kkp-mirror images

  # Copy it into a registry
  kubectl kkp-mirror sync registry.example.com/kkp`,
		Annotations:       map[string]string{cobra.CommandDisplayNameAnnotation: "kubectl kkp-mirror"},
		SilenceErrors:     true,
		SilenceUsage:      true,
		CompletionOptions: cobra.CompletionOptions{DisableDefaultCmd: true},
		Args:              subcommandRequired,
		RunE:              func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	root.SetIn(streams.In)
	root.SetOut(streams.Out)
	root.SetErr(streams.ErrOut)
	root.SetFlagErrorFunc(func(cmd *cobra.Command, err error) error { return usageError(cmd, currentFlag(err)) })
	root.SetUsageFunc(printUsage)
	root.SetHelpCommand(&cobra.Command{Hidden: true})
	root.AddCommand(newImagesCommand(streams), newSyncCommand(streams), newVerifyCommand(streams),
		newPatchConfigCommand(streams), newPatchSeedCommand(streams), newPatchHelmCommand(streams), newVersionCommand(streams), newCompletionCommand(streams), newWorkCommand(raw))
	return root
}

// subcommandRequired refuses arguments that are no command, with the nearest ones.
func subcommandRequired(cmd *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	message := fmt.Sprintf("unknown command %q", args[0])
	cmd.SuggestionsMinimumDistance = 2
	if near := cmd.SuggestionsFor(args[0]); len(near) > 0 {
		message += fmt.Sprintf("; did you mean %q?", near[0])
	}
	return usageError(cmd, errors.New(message))
}

// currentFlag tells who uses the old name of a KKP setting as a flag what it is called now.
func currentFlag(err error) error {
	var unknown *pflag.NotExistError
	if errors.As(err, &unknown) {
		if current, ok := patch.CurrentName(unknown.GetSpecifiedName()); ok {
			return fmt.Errorf("%w: %s", err, current)
		}
	}
	return err
}
