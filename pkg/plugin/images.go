package plugin

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	"k8s.io/cli-runtime/pkg/genericiooptions"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/catalog"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/discover"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/transfer"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/kkp"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/plugin/display"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/plugin/option"
)

// imagesFlags are the flags of the images command.
type imagesFlags struct {
	streams    genericiooptions.IOStreams
	input      option.InputFlags
	connection *option.ConnectionFlags
	scope      *option.ScopeFlags
	registry   option.RegistryFlags
	output     *option.OutputFlags
	content    contentFlags
	diff       bool
	since      string
	report     string
}

func newImagesCommand(streams genericiooptions.IOStreams) *cobra.Command {
	f := &imagesFlags{
		streams: streams, connection: option.NewConnectionFlags(), scope: option.NewScopeFlags(discover.Sources()), output: option.NewOutputFlags(),
	}
	cmd := &cobra.Command{
		Use:   "images [REF...]",
		Short: "List every image that KKP needs, and why",
		Long: `List every container image that a KKP installation needs, and why.

The list is for the installation that your kubeconfig points to: its KKP version and
edition, the providers of its datacenters, and the Kubernetes versions and CNIs of its
user clusters. With REF, only matching images are shown, each with all its reasons. REF
is a reference, a repository, or the last path components of a repository.

A gap is something that could not be read, so images may be missing. Gaps are printed
on stderr, and the exit code is 3.`,
		Example: `  # List the images that this installation needs
  kubectl kkp-mirror images

  # Show why an image is needed
  kubectl kkp-mirror images kube-state-metrics

  # Print one reference per line, for scripts
  kubectl kkp-mirror images -o name

  # List the images that an upgrade adds
  kubectl kkp-mirror images --kkp-version v2.31.0 --diff

  # List what is new, changed or gone since a lock was written
  kubectl kkp-mirror images --since images.json --digests

  # List the images before KKP is installed
  kubectl kkp-mirror images -f kubermatic.yaml -f seeds.yaml --kkp-version v2.31.0 --edition ce

  # Add the size and the date of each image, and the sizes of all together
  kubectl kkp-mirror images --sizes

  # Write a lock for sync: the list with digests
  kubectl kkp-mirror images --digests -o json > images.json

  # Write a lock, and a page with its digest for those who approve the lock
  kubectl kkp-mirror images --referrers -o json --report images.html > images.json`,
		RunE: func(cmd *cobra.Command, args []string) error {
			return execute(cmd.Context(), f.complete, cmd.Flags(), args)
		},
		ValidArgsFunction: completing(func(context.Context, []string) []string { return lastList(lastListFile()) }),
	}
	option.AddGroups(cmd.Flags(),
		option.Group{Title: "Input", Add: f.input.Add},
		option.Group{Title: "Scope", Add: func(flags *pflag.FlagSet) {
			f.scope.Add(flags)
			flags.BoolVar(&f.diff, "diff", false, "With --kkp-version or --edition: list only images that the running release does not need")
			flags.StringVar(&f.since, "since", "", "List only what is new, changed or gone since this older list, lock or archive, which was written with the same flags (- is stdin). Changes are known by digest: use a lock and --digests")
		}},
		option.Group{Title: "Output", Add: f.addOutput},
		option.Group{Title: "Registries", Add: f.registry.Add},
		option.Group{Title: "Connection", Add: f.connection.Add})
	offer(cmd.RegisterFlagCompletionFunc, completions())
	return cmd
}

// addOutput adds the flags for the output, and for what is read from registries.
func (f *imagesFlags) addOutput(flags *pflag.FlagSet) {
	f.output.Add(flags)
	flags.Lookup("output").Usage = "Output format: wide (more columns, and no cell is shortened on a terminal), name, " + option.Pages + ", " + f.output.Documents()
	f.content.add(flags)
	flags.StringVar(&f.report, "report", "", "Write the list to this file, too: a page to review if the name ends in .html, otherwise JSON")
}

func (f *imagesFlags) complete(flags *pflag.FlagSet, args []string) (imagesOptions, error) {
	o := imagesOptions{
		streams: f.streams, refs: args, diff: f.diff, since: f.since, report: f.report,
		installation: installationReader{Input: f.input.Parse(), connection: f.connection.Parse(), streams: f.streams},
	}
	var err error
	if o.output, err = f.output.Parse(option.FormatWide, option.FormatName, option.FormatHTML, option.FormatCSV); err != nil {
		return o, err
	}
	if o.scope, err = f.scope.Parse(); err != nil {
		return o, err
	}
	if o.content, err = f.content.parse(); err != nil {
		return o, err
	}
	if o.registry, err = f.registry.Parse(images.Target{}); err != nil || f.since == "" {
		return o, err
	}
	return o, option.Exclude(flags, "since", "compares with a list, and --diff with the running release", "diff")
}

// imagesOptions are the options of the images command.
type imagesOptions struct {
	streams      genericiooptions.IOStreams
	installation installationReader
	scope        option.Scope
	registry     option.Registry
	output       option.Output
	refs         []string // patterns of the images that are shown; none: all
	content      contentOptions
	diff         bool
	since        string // list or archive to compare with; "": none
	report       string // a file to write; "": none
}

func (imagesOptions) validate() error { return nil }

func (o imagesOptions) run(ctx context.Context) error {
	if err := checkReport(o.report); err != nil {
		return err
	}
	since, older, err := o.older(ctx)
	if err != nil {
		return err
	}
	registries, err := newRegistries(o.registry, o.streams.ErrOut)
	if err != nil {
		return err
	}
	result, of, err := o.find(ctx, registries)
	if err != nil {
		return err
	}
	var unused []string
	if result.Inventory, unused, err = o.scope.Select(result.Inventory, images.Target{}); err != nil {
		return err
	}
	tellUnused(o.streams.ErrOut, unused)
	whole := result
	rememberList(lastListFile(), whole.Inventory)
	if result.Inventory, err = o.narrow(result.Inventory, older); err != nil {
		return err
	}
	o.content.read(ctx, registries, &result.Inventory, o.registry.Jobs)
	if o.since != "" {
		result.Inventory = result.Since(older)
		result.Notes = append(result.Notes, since.limits(result.Inventory, older, o.content.digests)...)
	}
	if err := o.print(result.Inventory, of.origin, since.name); err != nil {
		return err
	}
	whole.Gaps, whole.Notes = result.Gaps, result.Notes
	summary(of.title, whole, len(result.Images)).Print(o.streams.ErrOut)
	display.Totals(o.streams.ErrOut, result.Inventory.Totals())
	since.tell(o.streams.ErrOut, result.Inventory)
	return gapsError(result.Gaps)
}

// narrow keeps the images that the arguments name. It returns an error for an argument that
// matches no image, neither of the list nor of an older one.
func (o imagesOptions) narrow(inv, older images.Inventory) (images.Inventory, error) {
	for _, pattern := range o.refs {
		named := func(img images.Image) bool { return img.Ref.Matches(pattern) }
		if len(inv.Where(named).Images)+len(older.Where(named).Images) == 0 {
			return inv, fmt.Errorf("no image in the list matches %q; 'kubectl kkp-mirror images --all' lists every image that the release can use", pattern)
		}
	}
	return inv.Where(o.shown), nil
}

// shown reports whether an argument names an image, or whether there is no argument.
func (o imagesOptions) shown(img images.Image) bool {
	return len(o.refs) == 0 || slices.ContainsFunc(o.refs, img.Ref.Matches)
}

// names are the names of a list.
type names struct {
	title  string // the release
	origin string // the installation
}

// find discovers the images, and returns the names of the list.
func (o imagesOptions) find(ctx context.Context, registries *transfer.Registries) (discover.Result, names, error) {
	opts, err := discoverOptions(o.scope, len(o.installation.Files) > 0, registries)
	if err != nil {
		return discover.Result{}, names{}, err
	}
	inst, release, err := o.installation.load(ctx, registries, discover.Parts(opts.Sources))
	if err != nil {
		return discover.Result{}, names{}, err
	}
	of := names{title: releaseTitle(release), origin: originOf(inst, releaseTitle(release))}
	result, err := inventory(ctx, o.scope, inst, release, opts)
	if err != nil || !o.diff {
		return result, of, err
	}
	if inst.Version == "" || o.installation.KKPVersion == "" && o.installation.Edition == "" {
		return discover.Result{}, of, option.Usagef("--diff compares the running KKP release with the one that --kkp-version or --edition selects: pass one of these flags, for an installation with a known version")
	}
	// The edition of an installation without status.kubermaticEdition is the planned edition.
	running, err := o.installation.release(inst.Version, cmp.Or(inst.Edition, o.installation.Edition), inst.Live)
	if err != nil {
		return discover.Result{}, of, err
	}
	result.Inventory = beyond(ctx, result.Inventory, inst, running, opts)
	without := ", without the images that " + strings.TrimPrefix(releaseTitle(running), "KKP ") + " needs"
	return result, names{title: of.title + without, origin: of.origin + without}, nil
}

// beyond returns the images of a planned release that the running release does not need. The
// charts and addons of flags belong to the planned release.
func beyond(ctx context.Context, plan images.Inventory, inst kkp.Installation, running *catalog.Release, opts discover.Options) images.Inventory {
	if charts, ok := opts.Charts.(*chartReader); ok {
		opts.Charts = installedCharts{charts}
	}
	opts.Addons.Dir, opts.Addons.Image = nil, ""
	today := discovered(ctx, inst, running, opts)
	rest := plan.Without(today.Inventory)
	unknown := slices.DeleteFunc(today.Gaps, func(gap images.Gap) bool { return slices.Contains(plan.Gaps, gap) })
	if len(unknown) > 0 {
		rest.Notes = append(rest.Notes, fmt.Sprintf("the images of %s are not fully known, so this list may include images that are already in use: %s, the first is %s",
			releaseTitle(running), display.Count(len(unknown), "gap"), unknown[0]))
	}
	return rest
}

func releaseTitle(release *catalog.Release) string {
	return fmt.Sprintf("KKP %s %s", release.Version(), strings.ToUpper(string(release.Edition())))
}

// summary describes a list of which a number of images is shown.
func summary(title string, result discover.Result, shown int) display.Summary {
	return display.Summary{
		Title: title, Kubernetes: result.Scope.Kubernetes, Providers: result.Scope.Providers, Inventory: result.Inventory, Shown: shown,
	}
}

// gapsError returns a *PartialError for a list with gaps.
func gapsError(gaps []images.Gap) error {
	if len(gaps) == 0 {
		return nil
	}
	text := display.Count(len(gaps), "gap")
	if causes := len(images.Causes(gaps)); causes < len(gaps) {
		text += " from " + display.Count(causes, "cause")
	}
	return &PartialError{Message: fmt.Sprintf("the list has %s: images may be missing", text)}
}
