package plugin

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"

	"github.com/spf13/pflag"
	"k8s.io/cli-runtime/pkg/genericiooptions"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/catalog"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/transfer"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/kkp"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/mask"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/patch"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/patch/apply"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/patch/edit"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/patch/infile"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/plugin/display"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/plugin/option"
)

// patchFlags are the common flags of the commands that change objects of KKP.
type patchFlags struct {
	streams    genericiooptions.IOStreams
	input      option.InputFlags
	connection *option.ConnectionFlags
	registry   option.RegistryFlags
	change     *option.ChangeFlags
	output     *option.OutputFlags
}

func newPatchFlags(streams genericiooptions.IOStreams) patchFlags {
	return patchFlags{
		streams: streams, connection: option.NewConnectionFlags(), change: option.NewChangeFlags(apply.Manager), output: option.NewOutputFlags(),
	}
}

// groups returns the groups of flags of a command. own comes first.
func (f *patchFlags) groups(own ...option.Group) []option.Group {
	return append(append([]option.Group{{Title: "Input", Add: f.input.Add}}, own...),
		option.Group{Title: "Change", Add: f.change.Add},
		option.Group{Title: "Registries", Add: f.registry.Add},
		option.Group{Title: "Output", Add: f.output.AddDocument},
		option.Group{Title: "Connection", Add: f.connection.Add})
}

// reader reads the installation of the flags.
func (f *patchFlags) reader() installationReader {
	return installationReader{Input: f.input.Parse(), connection: f.connection.Parse(), streams: f.streams}
}

// complete parses the flags. With a mirror, images of the mirror are read from the mirror.
func (f *patchFlags) complete(flags *pflag.FlagSet, mirror images.Target) (patchOptions, error) {
	o := patchOptions{
		streams: f.streams, target: mirror, change: f.change.Parse(), installation: f.reader(),
	}
	var err error
	if o.inFiles() {
		if err = f.checkFiles(flags); err != nil {
			return o, err
		}
	}
	if o.output, err = f.output.Parse(); err != nil {
		return o, err
	}
	if o.registry, err = f.registry.Parse(mirror); err == nil && mirror.Registry != "" {
		o.registry = o.registry.Through(mirror)
	}
	return o, err
}

// checkFiles refuses flags that need a cluster beside files.
func (f *patchFlags) checkFiles(flags *pflag.FlagSet) error {
	if f.change.Parse().DryRun == option.DryRunServer {
		return option.Usagef("--filename and --dry-run=server cannot be combined: --filename changes no cluster, and asks no API server")
	}
	return option.Exclude(flags, "filename", "changes no cluster, and prints the files", "filename", "revert", "output", "force-conflicts", "field-manager", "yes")
}

// patchOptions are the common options of the commands that change objects of KKP.
type patchOptions struct {
	streams      genericiooptions.IOStreams
	target       images.Target // the mirror; zero: none
	installation installationReader
	registry     option.Registry
	change       option.Change
	output       option.Output
}

// inFiles tells whether objects are changed in files, and not in a cluster.
func (o patchOptions) inFiles() bool { return len(o.installation.Files) > 0 }

// opened is an installation with a connection for changes.
type opened struct {
	inst       kkp.Installation
	release    *catalog.Release
	registries *transfer.Registries
	connect    kkp.Connect
	master     kkp.Client
	editor     edit.Editor

	files *infile.Files // nil: a cluster is changed; otherwise there is no connect, master and editor
}

// dockerConfig reads docker's config.json out of a Secret of the cluster or of the files.
func (f opened) dockerConfig(ctx context.Context, key kkp.SecretKey) ([]byte, error) {
	if f.files != nil {
		return kkp.DockerConfigIn(f.files.Objects(), key)
	}
	return kkp.DockerConfig(ctx, f.master, key)
}

// caBundle reads the certificates that KKP trusts, nil for those of the system.
func (f opened) caBundle(ctx context.Context) ([]byte, error) {
	if f.files != nil {
		return kkp.CABundleIn(f.files.Objects(), f.inst.Configuration)
	}
	return kkp.CABundle(ctx, f.master, f.inst.Configuration)
}

// noParts requests no optional parts: only the configuration, Seeds and Clusters are read.
func noParts() []kkp.Part { return []kkp.Part{} }

// open reads parts of the installation, nil for all, and connects to its API for changes.
func (o patchOptions) open(ctx context.Context, parts []kkp.Part) (opened, error) {
	registries, err := newRegistries(o.registry, o.streams.ErrOut)
	if err != nil {
		return opened{}, err
	}
	inst, release, err := o.installation.load(ctx, registries, parts)
	if err != nil {
		return opened{}, err
	}
	return o.opened(inst, release, registries)
}

// opened connects to the API of an installation that was read, for changes.
func (o patchOptions) opened(inst kkp.Installation, release *catalog.Release, registries *transfer.Registries) (opened, error) {
	connect, master, err := o.installation.connected(o.streams.ErrOut)
	if err != nil {
		return opened{}, err
	}
	return opened{
		inst: inst, release: release, registries: registries, connect: connect, master: master,
		editor: edit.New(master, inst.Configuration.Namespace, edit.Options{Manager: o.change.Manager, Force: o.change.Force}),
	}, nil
}

// found is the inventory of an installation as far as it can be found now.
func (o patchOptions) found(ctx context.Context, f opened) (images.Inventory, error) {
	scope := option.Scope{IgnoreOverrides: true}
	opts, err := discoverOptions(scope, false, f.registries)
	if err != nil {
		return images.Inventory{}, err
	}
	result, err := inventory(ctx, scope, f.inst, f.release, opts)
	for _, gaps := range images.Causes(result.Gaps) {
		o.say("warning: %s", images.OneCause(gaps))
	}
	kept, unused := result.Inventory.Excluding(o.change.Exclude)
	tellUnused(o.streams.ErrOut, unused)
	return kept, err
}

// proof returns an error unless the mirror has the images that a change redirects.
type proof func(context.Context) error

// carry makes changes, in this order: the API server validates all changes, the mirror is checked,
// the user confirms, and then the changes are made.
func (o patchOptions) carry(ctx context.Context, changes []edit.Edited, proof proof) error {
	changes = slices.DeleteFunc(changes, func(e edit.Edited) bool { return e.Change.Empty() && (o.output.Printer == nil || o.change.Revert) })
	if !slices.ContainsFunc(changes, func(e edit.Edited) bool { return !e.Change.Empty() }) {
		o.say("nothing to do: %s", o.nothing())
		return o.print(changes)
	}
	if o.change.DryRun == option.DryRunClient {
		return o.show(ctx, changes, "client dry run")
	}
	changes, err := edit.Try(ctx, changes)
	if err != nil {
		return err
	}
	if !o.change.SkipVerify && !o.change.Revert && proof != nil {
		if err := proof(ctx); err != nil {
			return err
		}
	}
	if o.change.DryRun == option.DryRunServer {
		return o.show(ctx, changes, "server dry run")
	}
	if err := o.agree(ctx, changes); err != nil {
		return err
	}
	changes, err = edit.Apply(ctx, changes)
	changes = slices.DeleteFunc(changes, func(e edit.Edited) bool { return e.After == nil && !e.Change.Empty() })
	return errors.Join(err, o.report(changes, ""))
}

func (o patchOptions) nothing() string {
	if o.change.Revert {
		return "no field has a value that kkp-mirror set"
	}
	return "every field already has the wanted value"
}

func (o patchOptions) say(format string, args ...any) {
	fmt.Fprintf(o.streams.ErrOut, format+"\n", args...)
}

// show prints the changes of a dry run.
func (o patchOptions) show(ctx context.Context, changes []edit.Edited, dryRun string) error {
	if o.output.Printer == nil {
		if err := o.diffs(ctx, changes); err != nil {
			return err
		}
	}
	return o.report(changes, dryRun)
}

func (o patchOptions) diffs(ctx context.Context, changes []edit.Edited) error {
	for _, e := range changes {
		old, fresh, err := e.Change.Texts(e.Result())
		if err != nil {
			return err
		}
		if err := display.Diff(ctx, o.streams.Out, e.Name(), old, fresh); err != nil {
			return err
		}
	}
	return nil
}

// report prints the result for each object.
func (o patchOptions) report(changes []edit.Edited, dryRun string) error {
	outcome := display.Patched
	if o.change.Revert {
		outcome = display.Reverted
	}
	var results []display.ObjectResult
	for _, e := range changes {
		result := display.ObjectResult{Name: e.Name(), Outcome: outcome, DryRun: dryRun}
		if e.Change.Empty() {
			result.Outcome = display.Unchanged
		}
		results = append(results, result)
	}
	display.Objects(o.resultsOut(), results)
	return o.print(changes)
}

// resultsOut is where the result for each object is printed: stdout has the objects themselves with -o.
func (o patchOptions) resultsOut() io.Writer {
	if o.output.Printer != nil {
		return o.streams.ErrOut
	}
	return o.streams.Out
}

// print prints the objects. A client dry run prints only the changed fields, which users can
// commit. Secrets in whole objects are masked.
func (o patchOptions) print(changes []edit.Edited) error {
	if o.output.Printer == nil {
		return nil
	}
	commit := o.change.DryRun == option.DryRunClient && !o.change.Revert
	for _, e := range changes {
		object := apply.Masked(e.Result())
		if commit {
			object = e.Change.Fragment()
		}
		if object == nil {
			continue
		}
		if err := o.output.Printer.PrintObj(object, o.streams.Out); err != nil {
			return err
		}
	}
	if !commit && len(changes) > 0 {
		o.say("note: secrets are masked as %s; --dry-run=client prints the fields to commit", mask.Hidden)
	}
	return nil
}

// agree shows the changes, and asks for confirmation on a terminal.
func (o patchOptions) agree(ctx context.Context, changes []edit.Edited) error {
	if o.output.Printer == nil {
		if err := o.diffs(ctx, changes); err != nil {
			return err
		}
	}
	return agree(ctx, o.streams, o.change.Yes, "Change "+display.Count(len(changes), "object")+"?")
}

// registryTarget reads the name of a mirror, which cannot be an archive.
func registryTarget(text string) (images.Target, error) {
	target, err := images.ParseTarget(text)
	archive := target.Archive
	var named *images.ArchiveNameError
	if errors.As(err, &named) {
		archive = named.Archive
	}
	if archive != "" {
		err = fmt.Errorf("%s is an archive, and clusters pull from registries only; copy the archive into a registry first: sync REGISTRY --load-from %s", text, archive)
	}
	return target, option.Usage(err)
}

// mirror converts the target for the settings of KKP.
func (o patchOptions) mirror() patch.Mirror {
	return patch.Mirror{
		Target: o.target, Insecure: transfer.IsNamed(o.registry.Insecure, o.target.Registry), PlainHTTP: slices.Contains(o.registry.PlainHTTP, o.target.Registry),
	}
}

// patchCompletions are the values of flags for shell completion.
func patchCompletions() map[string]func() []string {
	return map[string]func() []string{"dry-run": option.DryRuns, "only": fieldNames, "except": fieldNames}
}
