package plugin

import (
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// groupAnnotation marks a flag with the group under which help shows it.
const groupAnnotation = "kkp-mirror/group"

// flagGroup is a set of flags with a title in help.
type flagGroup struct {
	title string
	add   func(*pflag.FlagSet)
}

// addGroups adds the flags of each group to a command.
func addGroups(cmd *cobra.Command, groups ...flagGroup) {
	for _, group := range groups {
		set := pflag.NewFlagSet(group.title, pflag.ContinueOnError)
		set.SortFlags = false
		group.add(set)
		set.VisitAll(func(flag *pflag.Flag) {
			if flag.Annotations == nil {
				flag.Annotations = map[string][]string{}
			}
			flag.Annotations[groupAnnotation] = []string{group.title}
		})
		cmd.Flags().AddFlagSet(set)
	}
}

// complete offers values for flags of a command, those that it has. They are worked out
// when a shell asks.
func complete(cmd *cobra.Command, values map[string]func() []string) {
	for flag, offers := range values {
		if cmd.Flags().Lookup(flag) == nil {
			continue
		}
		_ = cmd.RegisterFlagCompletionFunc(flag, func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
			return offers(), cobra.ShellCompDirectiveNoFileComp
		}) // fails only for unknown flags
	}
}

// printUsage writes the usage of a command, its flags by group.
func printUsage(cmd *cobra.Command) error {
	out := cmd.OutOrStderr()
	fmt.Fprintf(out, "Usage:\n  %s\n", strings.TrimSpace(useLine(cmd)))
	if cmd.HasExample() {
		fmt.Fprintf(out, "\nExamples:\n%s\n", cmd.Example)
	}
	if cmd.HasAvailableSubCommands() {
		printSubcommands(out, cmd)
	}
	printFlags(out, cmd)
	if cmd.HasAvailableSubCommands() {
		fmt.Fprintf(out, "\nUse \"%s COMMAND --help\" for more about a command.\n", cmd.CommandPath())
	}
	return nil
}

func useLine(cmd *cobra.Command) string {
	if cmd.HasAvailableSubCommands() {
		return cmd.CommandPath() + " COMMAND"
	}
	return strings.Replace(cmd.CommandPath()+strings.TrimPrefix(cmd.Use, cmd.Name())+" [flags]", "  ", " ", 1)
}

func printSubcommands(out io.Writer, cmd *cobra.Command) {
	fmt.Fprint(out, "\nCommands:\n")
	for _, sub := range cmd.Commands() {
		if sub.IsAvailableCommand() {
			fmt.Fprintf(out, "  %-12s %s\n", sub.Name(), sub.Short)
		}
	}
}

// printFlags writes the flags that are not hidden, in the order in which their groups
// were added.
func printFlags(out io.Writer, cmd *cobra.Command) {
	var titles []string
	groups := map[string]*pflag.FlagSet{}
	cmd.Flags().SortFlags = false
	cmd.Flags().VisitAll(func(flag *pflag.Flag) {
		title := strings.Join(flag.Annotations[groupAnnotation], "")
		if flag.Hidden || title == "" {
			return
		}
		if groups[title] == nil {
			groups[title] = pflag.NewFlagSet(title, pflag.ContinueOnError)
			groups[title].SortFlags = false
			titles = append(titles, title)
		}
		groups[title].AddFlag(flag)
	})
	for _, title := range titles {
		fmt.Fprintf(out, "\n%s:\n%s", title, groups[title].FlagUsagesWrapped(100))
	}
}
