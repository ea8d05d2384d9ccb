package plugin

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	"k8s.io/cli-runtime/pkg/genericiooptions"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/files"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/transfer"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/incluster/events"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/plugin/display"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/plugin/option"
)

// syncFlags are the flags of the sync command.
type syncFlags struct {
	selectionFlags
	from              string
	loadFrom          string
	report            string
	allowDigestChange bool
	dryRun            option.DryRun
	withFiles         bool
	urlMaps           []string
	rate              string
	rateLimit         string
	approved          string
	pod               podFlags
	inCluster         option.InClusterFlags
}

func newSyncCommand(streams genericiooptions.IOStreams, defaults *option.Defaults) *cobra.Command {
	f := &syncFlags{selectionFlags: newSelectionFlags(streams)}
	cmd := &cobra.Command{
		Use:   "sync [TARGET]",
		Short: "Copy every image that KKP needs into a registry or an archive",
		Long: `Copy every container image that a KKP installation needs into a registry.

TARGET is registry[:port][/prefix]. An image keeps its path and its digest; only the
host changes. KKP's overwriteRegistry expects images at these names:
quay.io/kubermatic/kubermatic:v2.31.0 goes to TARGET/kubermatic/kubermatic:v2.31.0.

TARGET may also be oci:DIR or oci-archive:FILE.tar, an archive in the OCI image layout. Carry
the archive into the offline network, and copy it into a registry there with --load-from.

Without TARGET, the target is the mirror of the configuration file (see --config), or the
mirror that patch-config has set in the KubermaticConfiguration.

Images are copied with all their platforms, several images concurrently. Images that
the target has with the same digest are skipped: to resume an interrupted run, run the
same command again. Credentials come from docker login and podman login, and from the
imagePullSecret of the KubermaticConfiguration for the registries that it names.

Exit code 3: some images could not be copied, or the list has gaps.`,
		Example: syncExamples,
		Args:    atMost("TARGET"),
		RunE: func(cmd *cobra.Command, args []string) error {
			args, err := withTarget(cmd.Context(), args, defaults, f.reader())
			if err != nil {
				return err
			}
			return execute(cmd.Context(), f.complete, cmd.Flags(), args)
		},
	}
	option.AddGroups(cmd.Flags(), f.groups("Copy", option.Group{Title: "Transfer", Add: f.add}, option.Group{Title: "Copy in a cluster", Add: f.inCluster.Add})...)
	cmd.Flags().Lookup("output").Usage = "Output format: wide (with --dry-run: the source and the target of each image), " + option.Pages + ", " + f.output.Documents()
	offer(cmd.RegisterFlagCompletionFunc, completions())
	_ = cmd.RegisterFlagCompletionFunc("on", completing(func(ctx context.Context, _ []string) []string { return f.reader().jobClusters(ctx) })) // the flag exists
	return cmd
}

// syncExamples are the examples in the help of sync.
const syncExamples = `  # Copy the images that this installation needs
  kubectl kkp-mirror sync registry.example.com/kkp

  # Print what a copy would do: bytes, requests, pulls and time. Copy nothing
  kubectl kkp-mirror sync registry.example.com/kkp --dry-run --rate 40MiB/s

  # Pull through a cache, and trust your own CA
  kubectl kkp-mirror sync registry.example.com --registry-map '*=cache.example.com/{host}' --ca-file ca.pem

  # Without a connection to the registry: use an archive
  kubectl kkp-mirror sync oci-archive:kkp.tar
  kubectl kkp-mirror sync registry.example.com/kkp --load-from oci-archive:kkp.tar

  # Fill the mirror of a site from a mirror that has the images
  kubectl kkp-mirror sync registry.muc.example.com/kkp --from registry.example.com/kkp --images images.json

  # Add the files that new nodes download: kubelet, CNI plugins and others
  kubectl kkp-mirror sync oci-archive:kkp.tar --with-files

  # Copy with a Job of Kubernetes, next to the registry; see docs/in-cluster.md
  kubectl kkp-mirror sync registry.example.com/kkp --in-cluster

  # Copy exactly the images of a lock that was approved by its digest
  kubectl kkp-mirror images --digests -o json > images.json
  kubectl kkp-mirror sync registry.example.com --images images.json --approved sha256:…

  # Write a page for those who approve: what is new, how large, and why
  kubectl kkp-mirror sync registry.example.com --images images.json --dry-run -o html > review.html`

func (f *syncFlags) add(flags *pflag.FlagSet) {
	flags.StringVar(&f.from, "from", "", "Copy the images from this mirror, which an earlier sync has filled, and from no other registry: registry[:port][/prefix]")
	flags.StringVar(&f.loadFrom, "load-from", "", "Copy the images of this archive (oci:DIR, oci-archive:FILE.tar or a path); neither a cluster nor source registries are read")
	f.content.Add(flags)
	flags.BoolVar(&f.allowDigestChange, "allow-digest-change", false, "Allow --platform to change digests of images that are referenced by digest")
	flags.StringVar(&f.since, "since", "", "Archive only images not in this older archive or list. With --dry-run, also for a registry: compare with the archive, list or lock; a page shows what is new, changed or gone")
	flags.BoolVar(&f.withFiles, "with-files", false, "Copy the files that new nodes download, too, as OCI artifacts: see 'files --help'")
	flags.StringSliceVar(&f.urlMaps, "url-map", nil, "With --with-files: fetch what begins with an address from another one, ADDRESS=ADDRESS")
	option.AddDryRun(flags, &f.dryRun, "none, server or client, and copy nothing. server (also without a value): print a forecast of bytes, requests, pulls and time, with -o wide the state of each image at the target; client: print only the source and the target of each image; with --in-cluster and -o yaml, the objects to apply")
	flags.StringVar(&f.rate, "rate", "", "With --dry-run: the rate for the forecast of the time, such as 40MiB/s or 400Mbit/s. Default: the rate of the last sync to this target")
	flags.StringVar(&f.rateLimit, "rate-limit", "", "Upload at most this many bytes or bits per second, such as 200MiB/s. Default: no limit")
	flags.StringVar(&f.approved, "approved", "", "With --images: refuse a list whose digest (sha256:…, as printed by sha256sum and on a review page) is another one")
	flags.StringVar(&f.report, "report", "", "Write the result for each image to this file: a page to review if the name ends in .html, otherwise JSON. With --dry-run, the forecast")
	f.pod.add(flags)
}

func (f *syncFlags) complete(flags *pflag.FlagSet, args []string) (syncOptions, error) {
	target, err := images.ParseTarget(args[0])
	if err != nil {
		return syncOptions{}, option.Usage(err)
	}
	selection, err := f.selectionFlags.complete(flags, target, option.FormatWide, option.FormatHTML, option.FormatCSV)
	if err == nil {
		selection.registry, err = fromMirror(flags, f.from, target, selection.registry)
	}
	if err == nil && f.loadFrom != "" {
		err = excludeSelection(flags, "load-from")
	}
	if err == nil {
		selection.approved, err = approvedDigest(f.approved, f.list)
	}
	if err == nil {
		selection.pod, err = f.pod.parse(flags)
		selection.registry.Processes = selection.pod.shards
	}
	o := syncOptions{
		selection: selection, loadFrom: f.loadFrom, report: f.report, allowDigestChange: f.allowDigestChange, dryRun: f.dryRun,
		withFiles: f.withFiles,
	}
	if err == nil {
		o.files, err = option.DownloadOf(selection.registry, f.urlMaps)
	}
	if err == nil {
		o.rate, err = option.ParseRate("rate", f.rate)
	}
	if err == nil {
		o.inCluster, err = f.inCluster.Parse(flags, target)
	}
	if err == nil {
		o.rateLimit, err = option.ParseRateLimit(f.rateLimit)
	}
	return o, err
}

// syncOptions are the options of the sync command.
type syncOptions struct {
	selection
	loadFrom          string // archive to copy from; "": none
	report            string // a file to write; "": none
	allowDigestChange bool
	dryRun            option.DryRun
	withFiles         bool            // the files of nodes are copied, too
	files             option.Download // of these
	rate              int64           // bytes per second, for a forecast; 0: that of the last run
	rateLimit         int64           // bytes per second; 0: no limit
	events            *events.Writer  // for progress and results, in a pod; nil: people read these
	inCluster         option.InCluster
}

func (o syncOptions) validate() error {
	if err := withFiles(o); err != nil {
		return err
	}
	if (o.pod.plan != "" || o.pod.pack != "" || len(o.pod.image) > 0) && o.target.Archive != "" {
		return option.Usagef("a copy in a cluster requires a registry as target, not the archive %s", o.target)
	}
	if o.since != "" && o.target.Archive == "" && o.dryRun != option.DryRunServer {
		return option.Usagef("--since requires an archive as target, or --dry-run: a copy to a registry always skips the images that the registry has")
	}
	if o.inCluster.Enabled && o.rateLimit > 0 && o.rateLimit/int64(o.inCluster.Shards) < option.LeastLimit {
		return option.Usagef("--rate-limit: each of %d pods gets a part, and the lowest limit of a pod is 64KiB/s", o.inCluster.Shards)
	}
	return nil
}

func (o syncOptions) run(ctx context.Context) error {
	if o.pod.events {
		return o.runInPod(ctx)
	}
	if len(o.pod.image) > 0 {
		return o.printImage(ctx)
	}
	if err := checkReport(o.report); err != nil {
		return err
	}
	var from *transfer.Archive
	if o.loadFrom != "" {
		var err error
		if from, err = transfer.OpenArchive(ctx, o.loadFrom); err != nil {
			return fmt.Errorf("--load-from: %w", err)
		}
		defer from.Close()
	}
	p, err := o.resolve(ctx, from)
	if err != nil {
		return err
	}
	since, err := readEarlier(ctx, o.since, o.streams.In)
	defer since.close()
	if err != nil {
		return fmt.Errorf("--since: %w", err)
	}
	p.plan = o.newer(ctx, p, since)
	switch {
	case o.pod.pack != "":
		return o.pack(ctx, p)
	case o.dryRun == option.DryRunClient && o.inCluster.Enabled && o.output.Printer != nil:
		return o.printJob(ctx, p)
	case o.dryRun == option.DryRunClient:
		return o.printPlan(p)
	case o.dryRun == option.DryRunServer:
		return o.forecast(ctx, p, from, since)
	case o.inCluster.Enabled:
		return o.runJob(ctx, p)
	}
	return o.transfer(ctx, p, from, since)
}

// transfer copies the images, and reports the results.
func (o syncOptions) transfer(ctx context.Context, p planned, from *transfer.Archive, since earlier) error {
	if len(p.plan.Copies) == 0 && !o.withFiles && o.events == nil {
		fmt.Fprintln(o.streams.ErrOut, "nothing to copy")
		return gapsError(p.inventory.Gaps)
	}
	report, nodes, err := o.copy(ctx, p, from, since.archive)
	if err != nil {
		return err
	}
	document := report.Document(o.target, p.inventory)
	if o.events == nil {
		if err := o.printReport(ctx, p, document); err != nil {
			return err
		}
	}
	return cmp.Or(interrupted(ctx, document), failures(report), filesFailures(nodes), gapsError(p.inventory.Gaps))
}

// printReport prints the report, and writes the file of --report.
func (o syncOptions) printReport(ctx context.Context, p planned, document images.SyncReport) error {
	return result{
		document: document,
		review: func() sheet {
			inv := p.inventory
			if o.target.Archive == "" {
				inv = o.described(ctx, p.registries, inv, placesOfResults(document.Items), o.transferOptions())
			}
			return display.ReviewSync(o.subject("Images that were copied", p, earlier{}), inv, document)
		},
		text: func(out io.Writer) error {
			fmt.Fprintln(out, display.Outcome(document))
			return nil
		},
	}.print(o.streams.Out, o.output, o.report)
}

// copy copies the images of the plan into the target, a registry or an archive.
func (o syncOptions) copy(ctx context.Context, p planned, from, since *transfer.Archive) (report images.Report, nodes files.FilesReport, err error) {
	opts := o.transferOptions()
	opts.AllowDigestChange, opts.From, opts.Since, opts.Rate = o.allowDigestChange, from, since, o.rateLimit
	if opts.Into, err = o.into(ctx, p); err != nil {
		return report, nodes, err
	}
	observer, finish := o.observe(len(p.plan.Copies))
	opts.Observer = observer
	begin := time.Now()
	report = p.registries.Copy(ctx, p.plan, opts)
	finish()
	for i, result := range report.Results {
		report.Results[i] = o.advise(result)
	}
	rememberRate(ratesFile(), o.target, report.Bytes(), time.Since(begin))
	if o.withFiles && ctx.Err() == nil {
		nodes, err = o.copyFiles(ctx, p.registries, opts, &report)
	}
	var classes []images.Class
	for _, result := range report.Results {
		classes = append(classes, result.Class)
	}
	p.noteWithheld(o.streams.ErrOut, classes)
	for _, quota := range p.registries.Quotas() {
		fmt.Fprintln(o.streams.ErrOut, quota)
	}
	switch {
	case opts.Into == nil:
	case ctx.Err() != nil || err != nil:
		err = errors.Join(err, opts.Into.Close()) // the next run continues this archive
	default:
		err = opts.Into.Finish()
	}
	if ctx.Err() != nil {
		err = nil // the report has the state of the interrupted copy
	}
	return report, nodes, err
}

// observe returns what shows the progress of a number of images, and the end of the progress.
func (o syncOptions) observe(total int) (observer transfer.Observer, finish func()) {
	if o.events != nil {
		o.events.Begin(total)
		return advising{o.events, o.advise}, func() {}
	}
	progress := o.newProgress(total)
	return advising{progress, o.advise}, progress.Close
}

// into opens the archive that is the target, or checks the registry that is.
func (o syncOptions) into(ctx context.Context, p planned) (*transfer.Archive, error) {
	if o.target.Archive != "" {
		return transfer.CreateArchive(o.target.Archive)
	}
	if len(p.plan.Copies) == 0 {
		return nil, nil //nolint:nilnil // there is no archive
	}
	if err := p.registries.CheckTarget(ctx, p.plan.Copies[0].Target); err != nil && !transfer.IsMissingRepository(err) {
		p.noteWithheld(o.streams.ErrOut, []images.Class{transfer.Classify(err)})
		return nil, fmt.Errorf("%w\n%s", err, transfer.RemedyOf(err))
	}
	return nil, nil //nolint:nilnil // there is no archive
}
