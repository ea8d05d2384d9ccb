package main

import (
	"bytes"
	"fmt"
	"strings"

	"github.com/spf13/cobra"
)

// caller is the required start of every command: kubectl instead of the name of the binary.
const caller = "kubectl kkp-mirror"

// reference returns the pages of a command and all its subcommands, by file name. Hidden and
// deprecated commands have none.
func reference(cmd *cobra.Command) (map[string][]byte, error) {
	pages := map[string][]byte{}
	return pages, addPages(pages, cmd)
}

func addPages(pages map[string][]byte, cmd *cobra.Command) error {
	if name := cmd.CommandPath(); name != caller && !strings.HasPrefix(name, caller+" ") {
		return fmt.Errorf("%q does not begin with %q: the root command needs the annotation cobra.CommandDisplayNameAnnotation",
			name, caller)
	}
	pages[pageName(cmd)] = page(cmd)
	for _, child := range cmd.Commands() {
		if !child.IsAvailableCommand() {
			continue
		}
		if err := addPages(pages, child); err != nil {
			return err
		}
	}
	return nil
}

func pageName(cmd *cobra.Command) string {
	return strings.ReplaceAll(cmd.CommandPath(), " ", "_") + ".md"
}

// page returns the page with the --help of a command.
func page(cmd *cobra.Command) []byte {
	var b bytes.Buffer
	fmt.Fprintf(&b, "<!-- Written by make docs from the command itself. -->\n# %s\n", cmd.CommandPath())
	text := cmd.Long
	if text == "" {
		text = cmd.Short
	}
	fmt.Fprintf(&b, "\n%s\n", strings.TrimSpace(text))
	for _, s := range sections(cmd.UsageString()) {
		fmt.Fprintf(&b, "\n## %s\n\n```\n%s\n```\n", s.title, unindent(s.lines))
	}
	addLinks(&b, cmd)
	return b.Bytes()
}

// addLinks adds links to the pages of the parent and the subcommands.
func addLinks(b *bytes.Buffer, cmd *cobra.Command) {
	var related []*cobra.Command
	if cmd.HasParent() {
		related = append(related, cmd.Parent())
	}
	for _, child := range cmd.Commands() {
		if child.IsAvailableCommand() {
			related = append(related, child)
		}
	}
	b.WriteString("\n## See also\n\n")
	for _, c := range related {
		fmt.Fprintf(b, "- [%s](%s): %s\n", c.CommandPath(), pageName(c), c.Short)
	}
}

// section is a part of a usage text: a title and indented lines.
type section struct {
	title string
	lines []string
}

// sections returns the sections of a usage text, without the list of commands, for which the page has
// links.
func sections(usage string) []section {
	var all []section
	within := false
	for line := range strings.Lines(usage) {
		line = strings.TrimRight(line, " \t\n")
		indented := line == "" || strings.HasPrefix(line, " ")
		title, isTitle := strings.CutSuffix(line, ":")
		switch {
		case indented && within:
			last := &all[len(all)-1]
			last.lines = append(last.lines, line)
		case !indented:
			within = isTitle && !strings.HasSuffix(title, "Commands")
			if within {
				all = append(all, section{title: title})
			}
		}
	}
	return all
}

// unindent joins lines without their common indentation, and without empty lines at start and end.
func unindent(lines []string) string {
	shared := -1
	for _, line := range lines {
		indentation := len(line) - len(strings.TrimLeft(line, " "))
		if line != "" && (shared < 0 || indentation < shared) {
			shared = indentation
		}
	}
	var b strings.Builder
	for _, line := range lines {
		b.WriteString(line[min(max(shared, 0), len(line)):] + "\n")
	}
	return strings.Trim(b.String(), "\n")
}
