package plugin

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/spf13/pflag"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/check"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/kkp"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/plugin/display"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/plugin/option"
)

// withTarget returns the arguments of a command with a TARGET. If the user has given none, it is
// the mirror of the environment or the configuration file, or else the mirror of the live
// installation. The origin is printed on stderr.
func withTarget(ctx context.Context, args []string, defaults *option.Defaults, installation installationReader) ([]string, error) {
	if len(args) > 0 {
		return args, nil
	}
	args, err := withMirror(args, defaults, "TARGET", installation.streams.ErrOut)
	if err != nil || len(args) > 0 {
		return args, err
	}
	if len(installation.Files) > 0 {
		return nil, option.Usagef("TARGET is missing: only the mirror of a live installation is known, and -f reads files")
	}
	mirror, err := installation.mirror(ctx)
	if ctx.Err() != nil {
		return nil, ctx.Err()
	}
	if err != nil {
		return nil, option.Usagef("TARGET is missing, and the mirror of the installation is not known: %w", err)
	}
	fmt.Fprintf(installation.streams.ErrOut, "note: TARGET is %s, %s of the KubermaticConfiguration\n", mirror.Target, mirror)
	return []string{mirror.Target.String()}, nil
}

// withMirror returns the arguments of a command that names the mirror with its first argument. If
// the user has given none, it is the mirror of the environment or the configuration file, if any.
func withMirror(args []string, defaults *option.Defaults, argument string, errOut io.Writer) ([]string, error) {
	if len(args) > 0 {
		return args, nil
	}
	setting, ok, err := defaults.Mirror()
	if err != nil || !ok {
		return args, err
	}
	fmt.Fprintf(errOut, "note: %s is %s, from %s\n", argument, setting.Values[0], setting.Origin)
	return setting.Values, nil
}

// mirror returns the mirror that the live installation is pointed at.
func (i installationReader) mirror(ctx context.Context) (check.Named, error) {
	inst, err := i.read(ctx, []kkp.Part{})
	if err != nil {
		return check.Named{}, err
	}
	release, err := i.release(inst.Version, inst.Edition, inst.Live)
	if err != nil {
		return check.Named{}, err
	}
	mirror, ok := check.FindMirror(inst, release)
	if !ok {
		return check.Named{}, errors.New("no field of the KubermaticConfiguration names a mirror; patch-config sets the fields")
	}
	return mirror, nil
}

// giveDefaults gives values of the environment and the configuration file to the flags that the
// command line does not give. With -v, their origins are printed.
func giveDefaults(defaults *option.Defaults, flags *pflag.FlagSet, errOut io.Writer) error {
	applied, err := defaults.Apply(flags)
	if err != nil {
		return err
	}
	if v := flags.Lookup("v"); v == nil || v.Value.String() == "0" {
		return nil
	}
	for _, setting := range applied {
		fmt.Fprintln(errOut, display.Setting(setting))
	}
	return nil
}
