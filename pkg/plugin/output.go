package plugin

import (
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	"k8s.io/cli-runtime/pkg/genericclioptions"
	"k8s.io/cli-runtime/pkg/printers"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/plugin/terminal"
)

// documentVersion is the version of the documents that commands print.
const documentVersion = images.APIVersion

// The formats that commands print themselves; the others are cli-runtime's.
const (
	formatTable = ""
	formatWide  = "wide"
	formatName  = "name"
	formatJSON  = "json"
	formatYAML  = "yaml"
)

// outputFlags choose what is printed.
type outputFlags struct {
	print     *genericclioptions.PrintFlags
	noHeaders bool
}

func newOutputFlags() *outputFlags {
	return &outputFlags{print: genericclioptions.NewPrintFlags("")}
}

// add adds the flags of a command that prints a table.
func (o *outputFlags) add(flags *pflag.FlagSet) {
	o.addDocument(flags)
	flags.Lookup("output").Usage = "What to print: wide, name, " + o.documentFormats()
	flags.BoolVar(&o.noHeaders, "no-headers", false, "Print the table without its header")
}

// addDocument adds the flags of a command that prints a document or some text.
func (o *outputFlags) addDocument(flags *pflag.FlagSet) {
	holder := &cobra.Command{}
	o.print.AddFlags(holder)
	flags.AddFlagSet(holder.Flags())
	flags.Lookup("output").Usage = "What to print: " + o.documentFormats()
	for _, name := range []string{"allow-missing-template-keys", "show-managed-fields"} {
		if flag := flags.Lookup(name); flag != nil {
			flag.Hidden = true
		}
	}
	if flag := flags.Lookup("template"); flag != nil {
		flag.Usage = "Template string or path to a template file for -o=go-template and -o=jsonpath"
	}
}

func (o *outputFlags) documentFormats() string {
	formats := slices.DeleteFunc(o.print.AllowedFormats(), func(format string) bool { return format == formatName })
	slices.Sort(formats)
	return strings.Join(formats, ", ")
}

// format is the name of the chosen format.
func (o *outputFlags) format() string { return *o.print.OutputFormat }

// documentPrinter returns the printer for a document, or nil if the command prints
// something of its own: the formats named, or its default.
func (o *outputFlags) documentPrinter(cmd *cobra.Command, own ...string) (printers.ResourcePrinter, error) {
	if o.format() == formatTable || slices.Contains(own, o.format()) {
		return nil, nil
	}
	if o.format() == formatName {
		return nil, usageError(cmd, fmt.Errorf("this command has no output format %q; it has %s", formatName, o.documentFormats()))
	}
	flags := *o.print
	if o.format() == formatYAML {
		format := formatJSON
		flags.OutputFormat = &format
	}
	printer, err := flags.ToPrinter()
	if err != nil {
		return nil, usageError(cmd, err)
	}
	if o.format() == formatYAML {
		return &terminal.YAMLPrinter{JSON: printer}, nil
	}
	return printer, nil
}
