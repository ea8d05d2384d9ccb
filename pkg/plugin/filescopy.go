package plugin

import (
	"context"
	"crypto/tls"
	"fmt"
	"net/http"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	"k8s.io/cli-runtime/pkg/genericiooptions"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/files"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/files/mirror"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/plugin/display"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/plugin/option"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/safehttp"
)

// mirrorOptions are the options for downloads. Compression is off, because it would change lengths.
func mirrorOptions(d option.Download) mirror.Options {
	transport := &http.Transport{Proxy: http.ProxyFromEnvironment, DisableCompression: true, ForceAttemptHTTP2: true, MaxIdleConnsPerHost: d.Jobs}
	if d.CAs != nil {
		transport.TLSClientConfig = &tls.Config{RootCAs: d.CAs, MinVersion: tls.VersionTLS12}
	}
	return mirror.Options{Client: safehttp.NewClient(safehttp.New(agent{transport}, safehttp.Policy{})), Maps: d.Maps, Jobs: d.Jobs}
}

// agent adds the User-Agent to requests.
type agent struct{ http.RoundTripper }

// RoundTrip implements http.RoundTripper.
func (a agent) RoundTrip(req *http.Request) (*http.Response, error) {
	req = req.Clone(req.Context())
	req.Header.Set("User-Agent", userAgent())
	return a.RoundTripper.RoundTrip(req)
}

// copy copies the files of a list to the directory.
func (o filesOptions) copy(ctx context.Context, list files.FileList, opts mirror.Options) error {
	progress := display.NewFileProgress(o.streams.ErrOut, len(list.Items), o.download.NoProgress)
	opts.Observer = progress
	results, err := mirror.Copy(ctx, o.dir, list.Items, opts)
	progress.Close()
	if err != nil {
		return err
	}
	report := files.Report(o.dir, results, list.Gaps)
	if err := writeReport(o.report, report); err != nil {
		return err
	}
	return printFilesReport(ctx, o.streams, o.output, report, "copied")
}

// printFilesReport prints the outcome for files, and returns the error of the command for them.
func printFilesReport(ctx context.Context, streams genericiooptions.IOStreams, output option.Output, report files.FilesReport, done string) error {
	if output.Printer != nil {
		if err := display.Document(streams.Out, output.Printer, report); err != nil {
			return err
		}
	} else {
		display.FilesReport(streams.Out, streams.ErrOut, report)
	}
	bad := report.Bad()
	switch {
	case ctx.Err() != nil:
		return &InterruptedError{Message: fmt.Sprintf("%s left. To resume, run the same command again", display.Count(report.Summary[files.Skipped], "file"))}
	case bad > 0:
		return &PartialError{Message: fmt.Sprintf("%d of %s could not be %s", bad, display.Count(len(report.Items), "file"), done)}
	}
	return fileGapsError(report.Gaps)
}

// filesVerifyFlags are the flags of the files verify command.
type filesVerifyFlags struct {
	fileSelectionFlags
	download option.DownloadFlags
	deep     bool
}

func newFilesVerifyCommand(streams genericiooptions.IOStreams) *cobra.Command {
	f := &filesVerifyFlags{fileSelectionFlags: newFileSelectionFlags(streams)}
	cmd := &cobra.Command{
		Use:   "verify DIR|URL",
		Short: "Verify that a directory or a server has every file that new nodes download",
		Long: `Verify that a directory or a server has every file that new nodes of user clusters
download to join.

All bytes of a directory are read, and compared with the checksums that are kept beside
the files. A server is asked for the size of each file, and its checksums are read; with
--deep, all bytes are read and compared, too.

Exit code 3: a file is missing or different, or the list has gaps.`,
		Example: `  # Verify all bytes of the copies in a directory
  kubectl kkp-mirror files verify /srv/files

  # Verify what a server offers to nodes
  kubectl kkp-mirror files verify https://files.example.com/kkp`,
		Args: exactArgs("DIR or URL"),
		RunE: func(cmd *cobra.Command, args []string) error {
			return execute(cmd.Context(), f.complete, cmd.Flags(), args)
		},
	}
	option.AddGroups(cmd.Flags(), f.groups(
		option.Group{Title: "Verification", Add: func(flags *pflag.FlagSet) {
			flags.BoolVar(&f.deep, "deep", false, "Read and hash all files of a server")
			f.download.Add(flags)
			flags.Lookup("url-map").Hidden = true // a verification maps no address
		}},
		option.Group{Title: "Output", Add: f.output.AddDocument})...)
	offer(cmd.RegisterFlagCompletionFunc, completions())
	return cmd
}

func (f *filesVerifyFlags) complete(_ *pflag.FlagSet, args []string) (filesVerifyOptions, error) {
	o := filesVerifyOptions{target: args[0], deep: f.deep}
	var err error
	if o.fileSelection, err = f.fileSelectionFlags.complete(); err != nil {
		return o, err
	}
	if o.download, err = f.download.Parse(); err != nil {
		return o, err
	}
	o.output, err = f.output.Parse()
	return o, err
}

// filesVerifyOptions are the options of the files verify command.
type filesVerifyOptions struct {
	fileSelection
	target   string // a directory or an address
	deep     bool
	download option.Download
	output   option.Output
}

func (o filesVerifyOptions) isURL() bool {
	return strings.HasPrefix(o.target, "https://") || strings.HasPrefix(o.target, "http://")
}

func (o filesVerifyOptions) validate() error {
	if o.deep && !o.isURL() {
		return option.Usagef("--deep is for servers: all bytes of a directory are always read")
	}
	return nil
}

func (o filesVerifyOptions) run(ctx context.Context) error {
	list, err := o.find(ctx)
	if err != nil {
		return err
	}
	opts := mirrorOptions(o.download)
	var results []files.Result
	if o.isURL() {
		results = mirror.VerifyURL(ctx, o.target, list.Items, o.deep, opts)
	} else {
		results, err = mirror.VerifyDir(ctx, o.target, list.Items, opts)
	}
	if err != nil {
		return err
	}
	return printFilesReport(ctx, o.streams, o.output, files.Report(o.target, results, list.Gaps), "verified")
}
