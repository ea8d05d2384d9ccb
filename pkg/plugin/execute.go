package plugin

import (
	"context"

	"github.com/spf13/pflag"
)

// options are the values of the flags and arguments of a command. They do not change while
// the command runs.
type options interface {
	// validate returns a usage error for options that cannot be combined.
	validate() error
	run(ctx context.Context) error
}

// execute completes the options of a command from flags and arguments, validates them, and
// runs the command.
func execute[O options](ctx context.Context, complete func(*pflag.FlagSet, []string) (O, error), flags *pflag.FlagSet, args []string) error {
	o, err := complete(flags, args)
	if err != nil {
		return err
	}
	if err := o.validate(); err != nil {
		return err
	}
	return o.run(ctx)
}
