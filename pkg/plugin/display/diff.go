package display

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"github.com/rogpeppe/go-internal/diff"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/plugin/terminal"
)

// externalDiff is the variable with the program that kubectl diff runs, and its arguments.
const externalDiff = "KUBECTL_EXTERNAL_DIFF"

// The colours of a diff on a terminal.
const (
	red    = "\x1b[31m"
	green  = "\x1b[32m"
	cyan   = "\x1b[36m"
	normal = "\x1b[0m"
)

// Diff shows the difference between two texts of an object, with the program of
// KUBECTL_EXTERNAL_DIFF if the variable is set. Equal texts are not shown. The text of an object
// that does not exist is empty.
func Diff(ctx context.Context, out io.Writer, name, before, after string) error {
	if before == after {
		return nil
	}
	before, after = terminal.Escape(before), terminal.Escape(after)
	name = strings.ReplaceAll(name, "/", ".")
	if command := strings.Fields(os.Getenv(externalDiff)); len(command) > 0 {
		return runDiff(ctx, out, command, name, before, after)
	}
	raw := terminal.Raw(out) //nolint:forbidigo // the colours are our own, the text is escaped
	unified := string(diff.Diff("live/"+name, []byte(before), "new/"+name, []byte(after)))
	_, err := io.WriteString(raw, coloured(terminal.Escape(unified), terminal.Is(out)))
	return err
}

// coloured adds colours to the lines of a unified diff.
func coloured(diff string, colour bool) string {
	if !colour {
		return diff
	}
	lines := strings.SplitAfter(diff, "\n")
	for i, line := range lines {
		for prefix, code := range map[string]string{"-": red, "+": green, "@": cyan} {
			if strings.HasPrefix(line, prefix) {
				lines[i] = code + strings.TrimSuffix(line, "\n") + normal + "\n"
			}
		}
	}
	return strings.Join(lines, "")
}

// runDiff runs a program with two directories, as kubectl diff does.
func runDiff(ctx context.Context, out io.Writer, command []string, name, before, after string) error {
	directory, err := os.MkdirTemp("", "kkp-mirror-diff-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(directory)
	for side, text := range map[string]string{"LIVE": before, "MERGED": after} {
		if err := os.Mkdir(filepath.Join(directory, side), 0o700); err != nil {
			return err
		}
		if err := os.WriteFile(filepath.Join(directory, side, name), []byte(text), 0o600); err != nil {
			return err
		}
	}
	cmd := exec.CommandContext(ctx, command[0], append(command[1:], filepath.Join(directory, "LIVE"), filepath.Join(directory, "MERGED"))...)
	raw := terminal.Raw(out) //nolint:forbidigo // the user has chosen the program, which may be a pager or use colours
	cmd.Stdout, cmd.Stderr = raw, raw
	var exit *exec.ExitError
	if err := cmd.Run(); err != nil && (!errors.As(err, &exit) || exit.ExitCode() > 1) { // 1: the texts differ
		return fmt.Errorf("%s %q: %w", externalDiff, strings.Join(command, " "), err)
	}
	return nil
}
