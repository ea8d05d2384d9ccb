package plugin

import (
	"cmp"
	"context"
	"fmt"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	"k8s.io/cli-runtime/pkg/genericiooptions"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/files"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/files/need"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/discover"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/kkp"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/patch/profiles"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/plugin/display"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/plugin/option"
)

// fileSelectionFlags are the flags of the commands that concern the files of nodes.
type fileSelectionFlags struct {
	streams       genericiooptions.IOStreams
	input         option.InputFlags
	connection    *option.ConnectionFlags
	scope         *option.ScopeFlags
	architectures option.ArchitectureFlags
	output        *option.OutputFlags
}

func newFileSelectionFlags(streams genericiooptions.IOStreams) fileSelectionFlags {
	return fileSelectionFlags{
		streams: streams, connection: option.NewConnectionFlags(), scope: option.NewScopeFlags(nil), output: option.NewOutputFlags(),
	}
}

// groups returns the common groups of flags, with the groups of one command, own, before the last
// group.
func (f *fileSelectionFlags) groups(own ...option.Group) []option.Group {
	groups := []option.Group{
		{Title: "Input", Add: func(flags *pflag.FlagSet) {
			f.input.Add(flags)
			flags.Lookup("filename").Usage = "Read KubermaticConfiguration, Seeds, Clusters, OperatingSystemProfiles and OperatingSystemConfigs from files, " +
				"directories, URLs or - (stdin) instead of from a cluster"
			flags.Lookup("kkp-version").Usage = "KKP version to list files for, such as v2.31.0 (default: the running one)"
		}},
		{Title: "Scope", Add: func(flags *pflag.FlagSet) {
			f.scope.AddClusters(flags, "files")
			f.architectures.Add(flags)
		}},
	}
	return append(append(groups, own...), option.Group{Title: "Connection", Add: f.connection.Add})
}

// complete parses the flags.
func (f *fileSelectionFlags) complete() (fileSelection, error) {
	s := fileSelection{
		streams:      f.streams,
		installation: installationReader{Input: f.input.Parse(), connection: f.connection.Parse(), streams: f.streams},
	}
	var err error
	if s.scope, err = f.scope.Parse(); err != nil {
		return s, err
	}
	s.architectures, err = f.architectures.Parse()
	return s, err
}

// fileSelection selects the files of nodes for a command.
type fileSelection struct {
	streams       genericiooptions.IOStreams
	installation  installationReader
	scope         option.Scope
	architectures []string // none: all
}

// find lists the files, and prints the scope of the list on stderr.
func (s fileSelection) find(ctx context.Context) (files.FileList, error) {
	inst, err := s.installation.read(ctx, []kkp.Part{kkp.PartProfiles, kkp.PartConfigs})
	if err != nil {
		return files.FileList{}, err
	}
	for i, seed := range inst.Seeds {
		inst.Seeds[i] = profiles.Unrewritten(seed)
	}
	release, err := s.installation.release(cmp.Or(s.installation.KKPVersion, inst.Version), cmp.Or(s.installation.Edition, inst.Edition), inst.Live)
	if err != nil {
		return files.FileList{}, err
	}
	opts := discover.Options{All: s.scope.All, Providers: s.scope.Providers, Versions: s.scope.Versions}
	if err := checkFilters(s.scope, inst, release, opts); err != nil {
		return files.FileList{}, err
	}
	workers, err := newWorkers()
	if err != nil {
		return files.FileList{}, err
	}
	defer workers.Close()
	list := need.Find(ctx, need.Input{
		Installation: inst, Release: release, Clusters: discover.UserClusters(inst, release, opts), Architectures: s.architectures, All: s.scope.All,
		Trace: func(ctx context.Context, q files.Request) (files.Answer, error) {
			return profileJob().Run(ctx, workers, q)
		},
	})
	if ctx.Err() != nil {
		return files.FileList{}, ctx.Err()
	}
	scope := discover.ScopeOf(inst, release, opts)
	display.FilesSummary(s.streams.ErrOut, list, display.Summary{Title: releaseTitle(release), Kubernetes: scope.Kubernetes, Providers: scope.Providers})
	return list, nil
}

// fileGapsError returns a *PartialError for a list with gaps.
func fileGapsError(gaps []images.Gap) error {
	if len(gaps) == 0 {
		return nil
	}
	return &PartialError{Message: fmt.Sprintf("the list has %s: files may be missing", display.Count(len(gaps), "gap"))}
}

// filesFlags are the flags of the files command.
type filesFlags struct {
	fileSelectionFlags
	download option.DownloadFlags
	loadFrom string
	report   string
}

func newFilesCommand(streams genericiooptions.IOStreams) *cobra.Command {
	f := &filesFlags{fileSelectionFlags: newFileSelectionFlags(streams)}
	cmd := &cobra.Command{
		Use:   "files [DIR]",
		Short: "List or copy the files that new nodes download to join",
		Long: `List the files that new nodes of user clusters download to join: kubelet, kubeadm,
kubectl, CNI plugins, crictl, and every other file that the scripts of their operating
system profiles download.

The scripts are run in an interpreter that executes nothing. Sources, best first: the
OperatingSystemConfigs of user clusters; the profiles that MachineDeployments and
datacenters name, or profiles from -f; the default profiles of the KKP release.

With DIR, the files are copied to DIR/HOST/PATH. Several files are fetched concurrently,
an interrupted download is resumed, and each file is kept only if it has its published
checksum, which is kept beside it. Files that are there already are skipped: to resume an
interrupted run, run the same command again. HTTPS_PROXY and NO_PROXY are respected.

Packages of the operating system are not mirrored. For each operating system, the packages
are listed with the repositories that must serve them.

A gap is a download that could not be traced. Exit code 3: the list has gaps, or some
files could not be copied.`,
		Example: `  # List the files that new nodes of this installation download
  kubectl kkp-mirror files

  # Print one URL per line, for one version of Kubernetes and one platform
  kubectl kkp-mirror files --version-filter '=1.35.7' --platform linux/amd64 -o name

  # List the files before KKP is installed, with a profile of your own
  kubectl kkp-mirror files -f kubermatic.yaml -f profile.yaml --kkp-version v2.31.0

  # Copy the files to a directory that a web server can serve
  kubectl kkp-mirror files /srv/files

  # Take the files out of an archive that 'sync --with-files' has written
  kubectl kkp-mirror files /srv/files --load-from oci-archive:kkp.tar

  # Verify all bytes of the copies
  kubectl kkp-mirror files verify /srv/files`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) > 1 {
				return option.Usagef("unexpected argument %q", args[1])
			}
			return nil
		},
		ValidArgsFunction: completingPath(),
		RunE: func(cmd *cobra.Command, args []string) error {
			return execute(cmd.Context(), f.complete, cmd.Flags(), args)
		},
	}
	option.AddGroups(cmd.Flags(), f.groups(
		option.Group{Title: "Copy", Add: func(flags *pflag.FlagSet) {
			flags.StringVar(&f.loadFrom, "load-from", "", "Copy the files of this archive (oci:DIR, oci-archive:FILE.tar or a path, written by 'sync --with-files'); neither a cluster nor servers are read")
			f.download.Add(flags)
			flags.StringVar(&f.report, "report", "", "Write the result for each file to this file, as JSON")
		}},
		option.Group{Title: "Output", Add: f.output.Add})...)
	offer(cmd.RegisterFlagCompletionFunc, completions())
	cmd.AddCommand(newFilesVerifyCommand(streams))
	return cmd
}

func (f *filesFlags) complete(flags *pflag.FlagSet, args []string) (filesOptions, error) {
	o := filesOptions{report: f.report, loadFrom: f.loadFrom}
	var err error
	if f.loadFrom != "" {
		if err = option.Exclude(flags, "load-from", "selects the files", "filename", "all", "provider-filter", "version-filter", "kkp-version", "edition", "platform", "url-map"); err != nil {
			return o, err
		}
	}
	if o.fileSelection, err = f.fileSelectionFlags.complete(); err != nil {
		return o, err
	}
	if o.download, err = f.download.Parse(); err != nil {
		return o, err
	}
	if len(args) > 0 {
		o.dir = args[0]
		o.output, err = f.output.Parse()
		return o, err
	}
	o.output, err = f.output.Parse(option.FormatWide, option.FormatName)
	return o, err
}

// filesOptions are the options of the files command.
type filesOptions struct {
	fileSelection
	dir      string // to copy to; "": the files are listed
	loadFrom string // an archive, whose files are copied; "": none
	download option.Download
	report   string // a file to write; "": none
	output   option.Output
}

func (o filesOptions) validate() error {
	switch {
	case o.dir == "" && o.report != "":
		return option.Usagef("--report writes the result of a copy: name a directory to copy to")
	case o.dir == "" && o.loadFrom != "":
		return option.Usagef("--load-from names the source of a copy: name a directory to copy to")
	}
	return nil
}

func (o filesOptions) run(ctx context.Context) error {
	if err := checkReport(o.report); err != nil {
		return err
	}
	if o.loadFrom != "" {
		return o.load(ctx)
	}
	list, err := o.find(ctx)
	if err != nil {
		return err
	}
	if o.dir != "" {
		return o.copy(ctx, list, mirrorOptions(o.download))
	}
	switch {
	case o.output.Printer != nil:
		err = display.Document(o.streams.Out, o.output.Printer, list.Document())
	case o.output.Format == option.FormatName:
		display.FileNames(o.streams.Out, list)
	default:
		err = display.Files(o.streams.Out, list, o.output.Format == option.FormatWide, o.output.NoHeaders)
	}
	return cmp.Or(err, fileGapsError(list.Gaps))
}
