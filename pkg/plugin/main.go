// Package plugin is the edge of the program: commands, connections and exit codes. It turns flags
// into options, calls the packages that decide and work, and passes the results to display. It
// must not decide which images are needed, or how they are copied.
package plugin

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	"k8s.io/cli-runtime/pkg/genericiooptions"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/patch"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/plugin/option"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/plugin/terminal"
)

// version is stamped by the linker: "v1.2.3".
var version = "v0.0.0-dev"

// committed is stamped by the linker: the time of the commit, "2026-11-26T14:00:00Z". Without a stamp,
// it is "".
var committed string //nolint:gochecknoglobals // only the linker changes this

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
	text := terminal.Streams(streams)
	root := newRootCommand(text, streams) //nolint:contextcheck // commands get the context when they are executed
	if err := logTo(text.ErrOut); err != nil {
		fmt.Fprintln(text.ErrOut, render(err, exitFailed, root.CommandPath()))
		return exitFailed
	}
	var profiles profile
	profiles.addTo(root.PersistentFlags())
	applyDefaults := root.PersistentPreRunE
	root.PersistentPreRunE = func(cmd *cobra.Command, args []string) error {
		if err := profiles.start(); err != nil {
			return err
		}
		return applyDefaults(cmd, args)
	}
	defer profiles.stop(text.ErrOut)
	root.SetArgs(option.JoinDryRun(args))
	cmd, err := root.ExecuteContextC(ctx)
	code := exitCode(ctx, err)
	var reported *ReportedError
	if err != nil && !errors.As(err, &reported) {
		fmt.Fprintln(text.ErrOut, render(err, code, cmd.CommandPath()))
	}
	return code
}

// NewCommand returns the whole command tree.
func NewCommand(streams genericiooptions.IOStreams) *cobra.Command {
	return newRootCommand(terminal.Streams(streams), streams)
}

// newRootCommand returns the command tree. Its commands print to streams, which escape control
// characters. The command of workers has the raw streams.
func newRootCommand(streams, raw genericiooptions.IOStreams) *cobra.Command {
	showVersion := false
	defaults := &option.Defaults{}
	root := &cobra.Command{
		Use:   "kubectl-kkp_mirror",
		Short: "Take a KKP installation offline",
		Long: `Take a Kubermatic Kubernetes Platform (KKP) installation offline.

kkp-mirror reads the live KubermaticConfiguration, Seeds, Clusters, addons,
applications and Helm releases through your kubeconfig, lists the container images that
KKP needs, copies the images into a private registry or an archive, and verifies the
copies. Then it points KKP at the registry. Only the patch commands change the cluster.`,
		Example: `  # List the images that KKP needs, with reasons
  kubectl kkp-mirror images

  # Copy these images into a registry
  kubectl kkp-mirror sync registry.example.com/kkp`,
		Annotations:       map[string]string{cobra.CommandDisplayNameAnnotation: "kubectl kkp-mirror"},
		SilenceErrors:     true,
		SilenceUsage:      true,
		CompletionOptions: cobra.CompletionOptions{DisableDefaultCmd: true},
		Args:              func(cmd *cobra.Command, args []string) error { return noSuchCommand(args, cmd.SuggestionsFor) },
		RunE: func(cmd *cobra.Command, _ []string) error {
			if showVersion {
				return versionOptions{streams: streams, defaults: defaults}.run(cmd.Context())
			}
			return cmd.Help()
		},

		SuggestionsMinimumDistance: 2,
	}
	root.SetIn(streams.In)
	root.SetOut(streams.Out)
	root.SetErr(streams.ErrOut)
	root.SetFlagErrorFunc(func(_ *cobra.Command, err error) error { return option.FlagError(renamedFlag(err)) })
	root.SetUsageFunc(func(cmd *cobra.Command) error {
		u := usage{path: cmd.CommandPath(), arguments: strings.TrimPrefix(cmd.Use, cmd.Name()), example: cmd.Example, flags: option.Sections(cmd.Flags(), cmd.InheritedFlags(), cmd.PersistentFlags())}
		for _, sub := range cmd.Commands() {
			if sub.IsAvailableCommand() {
				u.commands = append(u.commands, [2]string{sub.Name(), sub.Short})
			}
		}
		u.print(cmd.OutOrStderr())
		return nil
	})
	option.AddGroups(root.Flags(), option.Group{Title: "Flags", Add: func(flags *pflag.FlagSet) {
		flags.BoolVar(&showVersion, "version", false, "Print the version, as the command version does")
	}})
	option.AddGroups(root.PersistentFlags(), option.Group{Title: "Configuration", Add: defaults.Add})
	root.PersistentPreRunE = func(cmd *cobra.Command, _ []string) error { return giveDefaults(defaults, cmd.Flags(), streams.ErrOut) }
	root.SetHelpCommand(newHelpCommand())
	root.AddCommand(newImagesCommand(streams), newSyncCommand(streams, defaults), newVerifyCommand(streams, defaults), newFilesCommand(streams),
		newPatchConfigCommand(streams, defaults), newPatchSeedCommand(streams), newPatchHelmCommand(streams, defaults),
		newCheckCommand(streams, defaults), newVersionCommand(streams, defaults), newCompletionCommand(streams), newWorkCommand(raw))
	return root
}

// noSuchCommand returns a usage error for arguments that are not a command, with the most similar
// command.
func noSuchCommand(args []string, nearest func(string) []string) error {
	if len(args) == 0 {
		return nil
	}
	message := fmt.Sprintf("unknown command %q", args[0])
	if command, ok := installerCommand(args[0]); ok {
		message += fmt.Sprintf(": its name here is '%s'", command)
	} else if near := nearest(args[0]); len(near) > 0 {
		message += fmt.Sprintf("; did you mean %q?", near[0])
	}
	return option.Usage(errors.New(message))
}

// renamedFlag adds advice to the error of an unknown flag that is the old name of a KKP setting, or
// a flag of kubermatic-installer.
func renamedFlag(err error) error {
	var unknown *pflag.NotExistError
	if !errors.As(err, &unknown) {
		return err
	}
	name := unknown.GetSpecifiedName()
	if current, ok := patch.CurrentName(name); ok {
		return fmt.Errorf("%w: %s", err, current)
	}
	if advice, ok := installerFlag(name); ok {
		return fmt.Errorf("%w: %s", err, advice)
	}
	return err
}
