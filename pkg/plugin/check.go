package plugin

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	"k8s.io/cli-runtime/pkg/genericiooptions"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/check"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/files/rewrite"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/plugin/option"
)

// checkFlags are the flags of the check command.
type checkFlags struct {
	streams    genericiooptions.IOStreams
	input      option.InputFlags
	connection *option.ConnectionFlags
	registry   option.RegistryFlags
	output     *option.OutputFlags
	filesURL   string
	value      checkOptions // only the fields that have a flag here
}

func newCheckCommand(streams genericiooptions.IOStreams, defaults *option.Defaults) *cobra.Command {
	f := &checkFlags{streams: streams, connection: option.NewConnectionFlags(), output: option.NewOutputFlags()}
	cmd := &cobra.Command{
		Use:   "check [REGISTRY]",
		Short: "Check whether the installation is ready to live without the internet",
		Long: `Check whether a KKP installation is ready to live without the internet.

REGISTRY is registry[:port][/prefix], the TARGET of sync. Without REGISTRY, the mirror is
the one that the installation is pointed at: that of overwriteRegistry, or of the
repository fields of the KubermaticConfiguration.

Nothing is changed, and no internet access is needed: addons and charts are read from the
mirror. Each finding is one of

  ✓  ok
  !  worth knowing
  ✗  not ready
  ?  could not be found out; this never counts as ready

and says what to do. If a command of this plugin helps, the command is printed with the
flags of this run; credentials in flags are left out. Findings have an identifier, such
as mirror.image-missing, that stays the same between releases: see docs/check.md.

Exit code 3: the installation is not ready, or it is not known whether it is.`,
		Example: `  # Check against the mirror that the installation is pointed at
  kubectl kkp-mirror check

  # Check against this mirror, also the digests of a lock
  kubectl kkp-mirror check registry.example.com/kkp --images images.json

  # Show only what is not ok, and accept one kind of finding
  kubectl kkp-mirror check -q --ignore mirror.certificate

  # Check whether the mirror also has what an upgrade needs
  kubectl kkp-mirror check --upgrade v2.31.0

  # Write a page for those who must act: findings, remedies and commands, in one file
  kubectl kkp-mirror check --report check.html

  # Check again until the installation is ready, for 10 minutes at most
  kubectl kkp-mirror check --wait 10m

  # Print the commands that help, each once, in an order that works
  kubectl kkp-mirror check -o jsonpath='{range .sections[*].findings[*]}{.remedy.command}{"\n"}{end}' | awk 'NF && !seen[$0]++'`,
		Args: func(_ *cobra.Command, args []string) error { return countArgs(args[min(1, len(args)):]) },
		RunE: func(cmd *cobra.Command, args []string) error {
			args, err := withMirror(args, defaults, "REGISTRY", streams.ErrOut)
			if err != nil {
				return err
			}
			return execute(cmd.Context(), f.complete, cmd.Flags(), args)
		},
	}
	option.AddGroups(cmd.Flags(),
		option.Group{Title: "Input", Add: f.addInput},
		option.Group{Title: "Checks", Add: f.addChecks},
		option.Group{Title: "Registries", Add: f.registry.Add},
		option.Group{Title: "Output", Add: f.addOutput},
		option.Group{Title: connectionTitle, Add: f.connection.Add})
	offer(cmd.RegisterFlagCompletionFunc, checkCompletions())
	return cmd
}

// connectionTitle is the title of the flags for the connection to the master cluster.
const connectionTitle = "Connection"

func (f *checkFlags) addInput(flags *pflag.FlagSet) {
	f.input.AddRelease(flags)
	flags.StringVar(&f.value.list, "images", "", "A lock (from 'images --digests -o json'; - is stdin): the mirror must have its digests")
	option.AddExclude(flags, &f.value.exclude, "Do not check this image, by decision (repository with or without registry, tag and digest; repeatable)")
}

func (f *checkFlags) addChecks(flags *pflag.FlagSet) {
	flags.StringSliceVar(&f.value.only, "only", nil, "Check only these sections: "+strings.Join(checkSectionNames(), ", "))
	flags.StringVar(&f.value.upgrade, "upgrade", "", "Also check whether the installation is ready for this KKP version, such as v2.31.0 (section upgrade)")
	flags.StringSliceVar(&f.value.ignore, "ignore", nil, "Findings with these identifiers do not count; they are shown as ignored")
	flags.BoolVar(&f.value.compareSources, "compare-sources", false,
		"Also compare digests with the registries from which images are copied, if these can be reached. With a lock (--images), they are not needed")
	flags.BoolVar(&f.value.userClusters, "user-clusters", false, "Also check the pods in user clusters (section running)")
	flags.StringSliceVar(&f.value.runtimeMirrors, "runtime-mirrors", nil,
		"Registries for which the container runtime of the nodes of the master and the Seeds has a mirror, such as docker.io,quay.io. No API tells that")
	flags.StringVar(&f.filesURL, "files-url", "", "URL of the mirror of files, as long as no operating system profile names one: its files are checked, and the commands for the profiles have the URL")
	flags.StringVar(&f.value.filesDir, "files-dir", "", "Directory of this machine that the mirror of files serves: the commands that copy missing files name the directory")
	flags.BoolVar(&f.value.nodesTrust, "nodes-trust-mirror", false,
		"Assume that all nodes trust the certificate of the mirror, because you have installed its CA on them. No API tells that")
	flags.DurationVar(&f.value.wait, "wait", 0, "Check again until the installation is ready, for this time at most; what is missing is shown on stderr")
}

func (f *checkFlags) addOutput(flags *pflag.FlagSet) {
	f.output.AddDocument(flags)
	flags.Lookup("output").Usage = "Output format: " + option.Pages + ", " + f.output.Documents()
	flags.StringVar(&f.value.report, "report", "", "Write the findings to this file, too: a page to review if the name ends in .html, otherwise JSON")
	flags.BoolVarP(&f.value.quiet, "quiet", "q", false, "Print only what is not ok")
}

func (f *checkFlags) complete(flags *pflag.FlagSet, args []string) (checkOptions, error) {
	o := f.value
	o.streams = f.streams
	o.installation = installationReader{Input: f.input.Parse(), connection: f.connection.Parse(), streams: f.streams}
	o.connection = option.Given(flags, connectionTitle)
	var err error
	if len(args) > 0 {
		if o.target, err = registryTarget(args[0]); err != nil {
			return o, err
		}
	}
	if f.filesURL != "" {
		if o.filesURL, err = rewrite.ParseURL(f.filesURL); err != nil {
			return o, option.Usagef("--files-url: %w", err)
		}
	}
	if o.output, err = f.output.Parse(option.FormatHTML, option.FormatCSV); err != nil {
		return o, err
	}
	o.registry, err = f.registry.Parse(o.target)
	return o, err
}

// checkOptions are the options of the check command.
type checkOptions struct {
	streams      genericiooptions.IOStreams
	installation installationReader
	target       images.Target // the mirror; zero: the installation names it
	registry     option.Registry
	output       option.Output
	connection   []string // the flags for the connection to the master cluster, as given
	list         string   // a lock; "": none
	exclude      []string
	only         []string // sections; none: all
	ignore       []string // identifiers of checks
	upgrade      string   // a KKP version; "": none

	compareSources bool     // also ask the registries from which images are copied
	userClusters   bool     // also check pods in user clusters
	runtimeMirrors []string // registries for which nodes of the master and the Seeds have a mirror
	filesURL       string   // of the mirror of files; "": profiles name the mirror
	filesDir       string   // that the mirror of files serves; "": not known
	nodesTrust     bool     // nodes trust the certificate of the mirror, as the user says
	wait           time.Duration
	quiet          bool
	report         string // a file to write; "": none
}

func (o checkOptions) validate() error {
	for _, name := range o.only {
		if !slices.Contains(checkSectionNames(), name) {
			return option.Usagef("--only: unknown section %q; the sections are: %s", name, strings.Join(checkSectionNames(), ", "))
		}
	}
	for _, id := range o.ignore {
		if !slices.Contains(check.IDs(), id) {
			return option.Usagef("--ignore: unknown identifier %q; the identifiers are:\n  %s", id, strings.Join(check.IDs(), "\n  "))
		}
	}
	for _, host := range o.runtimeMirrors {
		if err := images.CheckHost(host); err != nil {
			return option.Usagef("--runtime-mirrors: %w", err)
		}
	}
	if slices.Contains(o.only, string(check.SectionUpgrade)) && o.upgrade == "" {
		return option.Usagef("--only %s needs --upgrade VERSION", check.SectionUpgrade)
	}
	if o.wait < 0 {
		return option.Usagef("--wait %s: the time must not be negative", o.wait)
	}
	if o.wait > 0 && o.list == "-" {
		return option.Usage(fmt.Errorf("--wait and --images - cannot be combined: stdin can be read once"))
	}
	return nil
}

// checkCompletions are the values of flags for shell completion.
func checkCompletions() map[string]func() []string {
	return map[string]func() []string{"only": checkSectionNames, "ignore": check.IDs, "upgrade": completions()["kkp-version"], "edition": completions()["edition"], "kkp-version": completions()["kkp-version"]}
}
