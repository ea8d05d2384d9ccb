package plugin

import (
	"context"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/plugin/display"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/plugin/option"
)

// PartialError says that a command did a part of its work.
type PartialError struct {
	Message string
}

func (e *PartialError) Error() string { return e.Message }

// InterruptedError is the state of the work when the user interrupts.
type InterruptedError struct {
	Message string
}

func (e *InterruptedError) Error() string { return e.Message }

// ReportedError is an error that was printed already.
type ReportedError struct{ Err error }

func (e *ReportedError) Error() string { return e.Err.Error() }

// Unwrap returns the error that was printed.
func (e *ReportedError) Unwrap() error { return e.Err }

// exitCode is the exit code for the error that a command returned.
func exitCode(ctx context.Context, err error) int {
	var usage *option.UsageError
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

// render converts an error to text. command is the path of the command that
// returned the error, such as "kubectl kkp-mirror sync".
func render(err error, code int, command string) string {
	var interrupted *InterruptedError
	switch {
	case errors.As(err, &interrupted):
		return "interrupted: " + interrupted.Message
	case code == exitInterrupted:
		return "interrupted"
	case code == exitUsage:
		return fmt.Sprintf("error: %v\nSee '%s --help'.", err, command)
	default:
		return "error: " + err.Error()
	}
}

// exactArgs requires one argument for each name.
func exactArgs(names ...string) cobra.PositionalArgs {
	return func(_ *cobra.Command, args []string) error { return countArgs(args, names...) }
}

// atMost allows one argument for each name. The last ones may be left out.
func atMost(names ...string) cobra.PositionalArgs {
	return func(_ *cobra.Command, args []string) error {
		return countArgs(args, names[:min(len(args), len(names))]...)
	}
}

// countArgs returns a usage error unless each name has one argument.
func countArgs(args []string, names ...string) error {
	switch {
	case len(args) < len(names):
		return option.Usagef("%s is missing", names[len(args)])
	case len(args) > len(names):
		return option.Usagef("unexpected argument %q", args[len(names)])
	}
	return nil
}

// failures returns a *PartialError for failed copies.
func failures(report images.Report) error {
	if text := display.Failures(report); text != "" {
		return &PartialError{Message: text}
	}
	return nil
}

// interrupted returns an error with the state of a copy after an interrupt.
func interrupted(ctx context.Context, report images.SyncReport) error {
	if ctx.Err() == nil {
		return nil
	}
	s := report.Summary
	return &InterruptedError{Message: fmt.Sprintf("%d of %d images are in %s. To resume, run the same command again: these images are not copied again",
		s.Copied+s.Present, s.Copied+s.Present+s.Skipped+s.Failed, report.Target)}
}
