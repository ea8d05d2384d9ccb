// Package option has the flags that commands share, in groups. A group adds its flags to a
// command, and parses them once into a value that does not change while the command runs.
// The package knows flags and plain values. It must not know the commands, and connects neither to
// clusters nor to registries.
package option

import (
	"errors"
	"fmt"

	"github.com/spf13/pflag"
)

// UsageError says that the command line is wrong.
type UsageError struct{ Err error }

func (e *UsageError) Error() string { return e.Err.Error() }

// Unwrap returns the error of the command line.
func (e *UsageError) Unwrap() error { return e.Err }

// Usage returns a *UsageError for an error of the command line, and nil for nil.
func Usage(err error) error {
	if err == nil {
		return nil
	}
	return &UsageError{Err: err}
}

// Usagef returns a *UsageError with the error of fmt.Errorf.
func Usagef(format string, args ...any) error { return Usage(fmt.Errorf(format, args...)) }

// FlagError returns the error of a flag as a *UsageError. Where the value of a flag is checked
// while flags are parsed, the check has worded the error.
func FlagError(err error) error {
	var usage *UsageError
	if errors.As(err, &usage) {
		return usage
	}
	return Usage(err)
}

// Exclude returns a *UsageError if one of the flags others is given together with a flag that
// replaces them. why is a clause about the flag, such as "selects the images".
func Exclude(flags *pflag.FlagSet, flag, why string, others ...string) error {
	for _, name := range others {
		if name != flag && flags.Changed(name) {
			return Usagef("--%s and --%s cannot be combined: --%s %s", flag, name, flag, why)
		}
	}
	return nil
}

// checked is a flag whose value is read while flags are parsed.
type checked struct {
	pflag.Value
	read func(text string) error // returns a *UsageError
}

// Set implements pflag.Value.
func (c checked) Set(text string) error {
	if err := c.Value.Set(text); err != nil {
		return err
	}
	return c.read(text)
}

// check reads a flag of one value while flags are parsed. A default value is not read.
func check(flags *pflag.FlagSet, name string, read func(text string) error) {
	flag := flags.Lookup(name)
	flag.Value = checked{Value: flag.Value, read: read}
}
