package option

import (
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	"k8s.io/cli-runtime/pkg/genericclioptions"
	"k8s.io/cli-runtime/pkg/printers"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/plugin/terminal"
)

// The formats that commands print themselves. cli-runtime prints the others.
const (
	FormatTable = ""
	FormatWide  = "wide"
	FormatName  = "name"
	FormatCSV   = "csv"
	FormatHTML  = "html"
	FormatJSON  = "json"
	FormatYAML  = "yaml"
)

// Pages are the formats for people who review images, in one text.
const Pages = "html (a page to review, in one file), csv (its rows)"

// OutputFlags are the flags for the output format.
type OutputFlags struct {
	print     *genericclioptions.PrintFlags
	noHeaders bool
}

// NewOutputFlags returns the flags with their defaults.
func NewOutputFlags() *OutputFlags { return &OutputFlags{print: genericclioptions.NewPrintFlags("")} }

// Output has the options for the output format.
type Output struct {
	Format    string
	NoHeaders bool
	Printer   printers.ResourcePrinter // of documents; nil: the command prints Format itself
}

// Add adds the flags of a command that prints a table.
func (f *OutputFlags) Add(flags *pflag.FlagSet) {
	f.AddDocument(flags)
	flags.Lookup("output").Usage = "Output format: wide (more columns, and no cell is shortened on a terminal), name, " + f.Documents()
	flags.BoolVar(&f.noHeaders, "no-headers", false, "Print the table without a header")
}

// AddDocument adds the flags of a command that prints a document or some text.
func (f *OutputFlags) AddDocument(flags *pflag.FlagSet) {
	holder := &cobra.Command{}
	f.print.AddFlags(holder)
	flags.AddFlagSet(holder.Flags())
	flags.Lookup("output").Usage = "Output format: " + f.Documents()
	for _, name := range []string{"allow-missing-template-keys", "show-managed-fields"} {
		if flag := flags.Lookup(name); flag != nil {
			flag.Hidden = true
		}
	}
	if flag := flags.Lookup("template"); flag != nil {
		flag.Usage = "Template string or path to a template file for -o=go-template and -o=jsonpath"
	}
}

// Documents are the formats of documents, in one text.
func (f *OutputFlags) Documents() string {
	formats := slices.DeleteFunc(f.print.AllowedFormats(), func(format string) bool { return format == FormatName })
	slices.Sort(formats)
	return strings.Join(formats, ", ")
}

// Parse returns the value of the flags for a command that prints some formats itself, and
// its default.
func (f *OutputFlags) Parse(own ...string) (Output, error) {
	output := Output{Format: *f.print.OutputFormat, NoHeaders: f.noHeaders}
	if output.Format == FormatTable || slices.Contains(own, output.Format) {
		return output, nil
	}
	if output.Format == FormatName {
		return Output{}, Usagef("this command has no output format %q; supported formats: %s", FormatName, f.Documents())
	}
	flags := *f.print
	if output.Format == FormatYAML {
		format := FormatJSON
		flags.OutputFormat = &format
	}
	printer, err := flags.ToPrinter()
	if err != nil {
		return Output{}, Usage(err)
	}
	if output.Format == FormatYAML {
		printer = &terminal.YAMLPrinter{JSON: printer}
	}
	output.Printer = printer
	return output, nil
}
