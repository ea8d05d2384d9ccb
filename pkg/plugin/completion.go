package plugin

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	"k8s.io/cli-runtime/pkg/genericiooptions"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/plugin/option"
)

// pluginFile is the file name by which kubectl finds the plugin.
const pluginFile = "kubectl-kkp_mirror"

// hookFile is the file name by which kubectl (since 1.26) finds the plugin's completion.
const hookFile = "kubectl_complete-kkp_mirror"

// hookMark is in every hook of this command, and in no other file.
const hookMark = "kkp-mirror completion hook"

func newCompletionCommand(streams genericiooptions.IOStreams) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "completion",
		Short: "Set up shell completion",
		Long: `Set up shell completion.

For "kubectl kkp-mirror", completion goes through kubectl: set up kubectl's own
completion (see kubectl completion --help), then run "completion install" once. The
other commands print a script for direct calls of kubectl-kkp_mirror.`,
		Example: `  kubectl kkp-mirror completion install
  source <(kubectl kkp-mirror completion bash)`,
		Args: func(cmd *cobra.Command, args []string) error { return noSuchCommand(args, cmd.SuggestionsFor) },
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },

		SuggestionsMinimumDistance: 2,
	}
	shells := map[string]func(root *cobra.Command) error{
		"bash":       func(root *cobra.Command) error { return root.GenBashCompletionV2(streams.Out, true) },
		"zsh":        func(root *cobra.Command) error { return root.GenZshCompletion(streams.Out) },
		"fish":       func(root *cobra.Command) error { return root.GenFishCompletion(streams.Out, true) },
		"powershell": func(root *cobra.Command) error { return root.GenPowerShellCompletionWithDesc(streams.Out) },
	}
	for shell, generate := range shells {
		cmd.AddCommand(&cobra.Command{
			Use:     shell,
			Short:   "Print the completion script for " + shell,
			Long:    "Print the completion script for " + shell + ", for direct calls of kubectl-kkp_mirror.",
			Example: "  kubectl kkp-mirror completion " + shell,
			Args:    exactArgs(),
			RunE:    func(cmd *cobra.Command, _ []string) error { return generate(cmd.Root()) },
		})
	}
	cmd.AddCommand(newInstallCommand(streams), newUninstallCommand(streams))
	return cmd
}

func newInstallCommand(streams genericiooptions.IOStreams) *cobra.Command {
	f := &installFlags{streams: streams}
	cmd := &cobra.Command{
		Use:   "install",
		Short: "Install the hook through which kubectl completes the plugin",
		Long: "Install " + hookFile + ", the hook through which kubectl (1.26 or newer)\n" +
			"completes the plugin. The hook must be in a directory in PATH. Default: the directory\n" +
			"of " + pluginFile + ".",
		Example: "  kubectl kkp-mirror completion install\n  kubectl kkp-mirror completion install --dir ~/.local/bin",
		Args:    exactArgs(),
		RunE: func(cmd *cobra.Command, args []string) error {
			return execute(cmd.Context(), f.complete, cmd.Flags(), args)
		},
	}
	option.AddGroups(cmd.Flags(), option.Group{Title: "Output", Add: f.add})
	return cmd
}

func newUninstallCommand(streams genericiooptions.IOStreams) *cobra.Command {
	f := &installFlags{streams: streams}
	cmd := &cobra.Command{
		Use:   "uninstall",
		Short: "Remove the hook that completion install has installed",
		Long: "Remove " + hookFile + ", the hook that \"completion install\" has installed.\n" +
			"Run this before the plugin is removed: Krew does not know the hook.",
		Example: "  kubectl kkp-mirror completion uninstall",
		Args:    exactArgs(),
		RunE: func(cmd *cobra.Command, args []string) error {
			return execute(cmd.Context(), f.completeUninstall, cmd.Flags(), args)
		},
	}
	option.AddGroups(cmd.Flags(), option.Group{Title: "Output", Add: f.add})
	return cmd
}

// installFlags are the flags of the completion install and completion uninstall commands.
type installFlags struct {
	streams genericiooptions.IOStreams
	dir     string
}

func (f *installFlags) add(flags *pflag.FlagSet) {
	flags.StringVar(&f.dir, "dir", "", "Directory of the hook (default: where "+pluginFile+" is in PATH)")
}

func (f *installFlags) complete(*pflag.FlagSet, []string) (installOptions, error) {
	return installOptions(*f), nil
}

// installOptions are the options of the completion install command.
type installOptions installFlags

func (installOptions) validate() error { return nil }

func (o installOptions) run(context.Context) error {
	path, err := installHook(o.dir)
	if err != nil {
		return err
	}
	fmt.Fprintf(o.streams.Out, "%s\n", path)
	fmt.Fprintf(o.streams.ErrOut, "kubectl completes kkp-mirror in new shells, if kubectl's own completion is set up (kubectl completion --help)\n")
	return nil
}

func (f *installFlags) completeUninstall(*pflag.FlagSet, []string) (uninstallOptions, error) {
	return uninstallOptions(*f), nil
}

// uninstallOptions are the options of the completion uninstall command.
type uninstallOptions installFlags

func (uninstallOptions) validate() error { return nil }

func (o uninstallOptions) run(context.Context) error {
	path, _, err := findHook(o.dir)
	if err != nil {
		return err
	}
	err = os.Remove(path)
	if errors.Is(err, fs.ErrNotExist) {
		fmt.Fprintf(o.streams.ErrOut, "nothing to do: there is no %s\n", path)
		return nil
	}
	if err == nil {
		fmt.Fprintf(o.streams.Out, "%s\n", path)
	}
	return err
}

// installHook writes the hook and returns its path.
func installHook(dir string) (string, error) {
	path, script, err := findHook(dir)
	if err != nil {
		return "", err
	}
	if err := os.WriteFile(path, []byte(script), 0o755); err != nil {
		return "", fmt.Errorf("%w; choose another directory in PATH with --dir", err)
	}
	return path, os.Chmod(path, 0o755)
}

// findHook returns the path and the text of the hook in a directory, "" for the directory of the
// plugin. A file at the path without hookMark is an error: the file is somebody else's.
func findHook(dir string) (path, script string, err error) {
	if dir == "" {
		plugin, err := exec.LookPath(pluginFile)
		if err != nil {
			return "", "", fmt.Errorf("%s is not in PATH; choose a directory in PATH with --dir", pluginFile)
		}
		dir = filepath.Dir(plugin)
	}
	name, script := hook(runtime.GOOS)
	path = filepath.Join(dir, name)
	if present, err := os.ReadFile(path); err == nil && !strings.Contains(string(present), hookMark) {
		return "", "", fmt.Errorf("%s exists and is not a completion hook of kkp-mirror; move the file away first", path)
	}
	return path, script, nil
}

// hook returns the name and the text of the hook for an operating system.
func hook(goos string) (name, script string) {
	if goos == "windows" {
		return hookFile + ".cmd", "@rem " + hookMark + "\r\n@kubectl kkp-mirror __complete %*\r\n"
	}
	return hookFile, "#!/bin/sh\n# " + hookMark + "\nexec kubectl kkp-mirror __complete \"$@\"\n"
}
