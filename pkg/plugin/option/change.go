package option

import (
	"slices"

	"github.com/spf13/pflag"
)

// DryRun is a value of --dry-run, with the values of kubectl. DryRun implements pflag.Value.
type DryRun string

// The values of --dry-run.
const (
	DryRunNone   DryRun = "none"   // the change is made
	DryRunClient DryRun = "client" // the change is shown, and not sent to the API server
	DryRunServer DryRun = "server" // the API server validates the change, and the change is shown
)

// DryRuns are the values of --dry-run.
func DryRuns() []string {
	return []string{string(DryRunNone), string(DryRunClient), string(DryRunServer)}
}

// Set implements pflag.Value. It rejects unknown --dry-run values.
func (d *DryRun) Set(text string) error {
	switch text { // as a switch, which mirror-images has
	case "true":
		text = string(DryRunServer)
	case "false":
		text = string(DryRunNone)
	}
	if !slices.Contains(DryRuns(), text) {
		return Usagef("--dry-run %q: use none, client or server", text)
	}
	*d = DryRun(text)
	return nil
}

// String implements pflag.Value.
func (d *DryRun) String() string { return string(*d) }

// Type implements pflag.Value.
func (d *DryRun) Type() string { return "string" }

// JoinDryRun makes "--dry-run server" one argument. The flag has a value that may be left out, and
// flags of that kind take their value only behind an equals sign.
func JoinDryRun(args []string) []string {
	var joined []string
	for i := 0; i < len(args); i++ {
		if args[i] == "--" {
			return append(joined, args[i:]...)
		}
		if args[i] == "--dry-run" && i+1 < len(args) && slices.Contains(DryRuns(), args[i+1]) {
			joined = append(joined, args[i]+"="+args[i+1])
			i++
			continue
		}
		joined = append(joined, args[i])
	}
	return joined
}

// AddDryRun adds --dry-run to the flags of a command. Without a value, it is server.
func AddDryRun(flags *pflag.FlagSet, value *DryRun, usage string) {
	*value = DryRunNone
	flags.Var(value, "dry-run", usage)
	flags.Lookup("dry-run").NoOptDefVal = string(DryRunServer)
}

// AddYes adds the flag that confirms changes in advance.
func AddYes(flags *pflag.FlagSet, value *bool) {
	flags.BoolVarP(value, "yes", "y", false, "Do not ask for confirmation; required without a terminal")
}

// ChangeFlags are the flags for changes of objects in a cluster.
type ChangeFlags struct {
	manager string
	value   Change
}

// NewChangeFlags returns the flags for a default field manager.
func NewChangeFlags(manager string) *ChangeFlags { return &ChangeFlags{manager: manager} }

// Change has the options for changes of objects in a cluster.
type Change struct {
	DryRun     DryRun
	Revert     bool   // restore the previous values
	Force      bool   // take over fields of other managers
	Manager    string // owner of the changed fields, 1 to 128 characters
	SkipVerify bool   // skip the check of the mirror
	Images     string // file with the list of images to check, "-" for stdin; "": the images of the installation
	Yes        bool   // do not ask for confirmation

	NodesTrust bool     // nodes reach the mirror as the user does
	Exclude    []string // images that are not checked
}

// Add adds the flags to those of a command.
func (f *ChangeFlags) Add(flags *pflag.FlagSet) {
	AddDryRun(flags, &f.value.DryRun,
		"none, server or client. server (also without a value): the mirror is checked, and the API server validates the change, which is printed; client: the change is only printed, and the mirror is not checked (with -o yaml: the fields to commit)")
	flags.BoolVar(&f.value.Revert, "revert", false, "Restore the previous values of the changed fields")
	flags.BoolVar(&f.value.Force, "force-conflicts", false, "Take over fields that other managers own")
	flags.StringVar(&f.value.Manager, "field-manager", f.manager, "Name of the manager that owns the changed fields")
	check(flags, "field-manager", func(text string) error {
		if text == "" || len(text) > 128 {
			return Usagef("--field-manager: the name must have 1 to 128 characters")
		}
		return nil
	})
	flags.BoolVar(&f.value.SkipVerify, "skip-verify", false, "Skip the check that the mirror has the images")
	flags.StringVar(&f.value.Images, "images", "", "Check the images of this list (from 'images -o json'; - is stdin); an image that the installation needs now and the list lacks is an error")
	AddExclude(flags, &f.value.Exclude, "Do not check this image, by decision (repository with or without registry, tag and digest; repeatable)")
	flags.BoolVar(&f.value.NodesTrust, "nodes-trust-mirror", false,
		"Assume that all nodes reach the mirror as this command does with --ca-file, --insecure and --plain-http; the API does not tell")
	AddYes(flags, &f.value.Yes)
}

// AddExclude adds the flag that leaves images out by decision.
func AddExclude(flags *pflag.FlagSet, value *[]string, usage string) {
	flags.StringArrayVar(value, "exclude", nil, usage)
}

// Parse returns the value of the flags.
func (f *ChangeFlags) Parse() Change { return f.value }
