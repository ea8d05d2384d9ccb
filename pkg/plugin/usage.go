package plugin

import (
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/plugin/option"
)

// usage is the usage of a command.
type usage struct {
	path      string // such as "kubectl kkp-mirror sync"
	arguments string // such as " TARGET"
	example   string
	commands  [][2]string // name and short help of each subcommand
	flags     []option.Section
}

// print writes the usage of a command, its flags by group.
func (u usage) print(out io.Writer) {
	fmt.Fprintf(out, "Usage:\n  %s\n", strings.Join(u.lines(), "\n  "))
	if u.example != "" {
		fmt.Fprintf(out, "\nExamples:\n%s\n", u.example)
	}
	if len(u.commands) > 0 {
		fmt.Fprint(out, "\nCommands:\n")
	}
	for _, command := range u.commands {
		fmt.Fprintf(out, "  %-12s %s\n", command[0], command[1])
	}
	for _, section := range u.flags {
		fmt.Fprintf(out, "\n%s:\n%s", section.Title, section.Text)
	}
	if len(u.commands) > 0 {
		fmt.Fprintf(out, "\nUse \"%s COMMAND --help\" for more about a command.\n", u.path)
	}
}

// lines returns the ways to call a command. A command with subcommands may also take arguments.
func (u usage) lines() []string {
	var lines []string
	if len(u.commands) == 0 || u.arguments != "" {
		lines = append(lines, u.path+u.arguments+" [flags]")
	}
	if len(u.commands) > 0 {
		lines = append(lines, u.path+" COMMAND")
	}
	return lines
}

// offer registers values of flags for shell completion. The values are computed for each request
// of the shell. Flags that the command does not have are ignored.
func offer(register func(string, cobra.CompletionFunc) error, values map[string]func() []string) {
	for flag, offers := range values {
		_ = register(flag, func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
			return offers(), cobra.ShellCompDirectiveNoFileComp
		}) // fails only for flags that the command does not have
	}
}
