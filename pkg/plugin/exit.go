package plugin

import (
	"context"
	"errors"
	"fmt"

	"github.com/spf13/cobra"
)

// UsageError says that the command line is wrong.
type UsageError struct {
	Command string // "kubectl kkp-mirror sync"
	Err     error
}

func (e *UsageError) Error() string {
	return fmt.Sprintf("%v\nSee '%s --help'.", e.Err, e.Command)
}

// Unwrap returns what is wrong.
func (e *UsageError) Unwrap() error { return e.Err }

func usageError(cmd *cobra.Command, err error) error {
	return &UsageError{Command: cmd.CommandPath(), Err: err}
}

// PartialError says that a command did its work, but not all of it.
type PartialError struct {
	Message string
}

func (e *PartialError) Error() string { return e.Message }

// InterruptedError says what is left when the user interrupts.
type InterruptedError struct {
	Message string
}

func (e *InterruptedError) Error() string { return e.Message }

// exitCode is the exit code for the error that a command returned.
func exitCode(ctx context.Context, err error) int {
	var usage *UsageError
	var partial *PartialError
	switch {
	case err == nil:
		return exitDone
	case ctx.Err() != nil:
		return exitInterrupted
	case errors.As(err, &usage):
		return exitUsage
	case errors.As(err, &partial):
		return exitPartial
	default:
		return exitFailed
	}
}

// render is the one place where errors become text.
func render(err error, code int) string {
	var interrupted *InterruptedError
	switch {
	case errors.As(err, &interrupted):
		return "interrupted: " + interrupted.Message
	case code == exitInterrupted:
		return "interrupted"
	default:
		return "error: " + err.Error()
	}
}

// exactArgs wants one argument for each name.
func exactArgs(names ...string) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		switch {
		case len(args) < len(names):
			return usageError(cmd, fmt.Errorf("%s is missing", names[len(args)]))
		case len(args) > len(names):
			return usageError(cmd, fmt.Errorf("unexpected argument %q", args[len(names)]))
		}
		return nil
	}
}
