package plugin

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/cli-runtime/pkg/genericiooptions"
	"k8s.io/cli-runtime/pkg/printers"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/catalog"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/transfer"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/kkp"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/mask"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/patch"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/patch/apply"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/patch/edit"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/plugin/display"
)

// The values of --dry-run, as kubectl has them.
const (
	dryRunNone   = "none"
	dryRunClient = "client"
	dryRunServer = "server"
)

// patchCommand is what the commands that change objects of KKP have in common.
type patchCommand struct {
	selection
	dryRun     string
	manager    string
	force      bool
	revert     bool
	skipVerify bool
	yes        bool
}

func newPatch(streams genericiooptions.IOStreams) patchCommand {
	return patchCommand{selection: newSelection(streams)}
}

// addPatch adds the flags for how a change is made.
func (c *patchCommand) addPatch(flags *pflag.FlagSet) {
	flags.StringVar(&c.dryRun, "dry-run", dryRunNone,
		"none; server: let the API server check the change and show it; client: show it, and ask neither the API server nor the mirror (with -o yaml: what to commit)")
	flags.BoolVar(&c.revert, "revert", false, "Restore the previous values of the changed fields")
	flags.BoolVar(&c.force, "force-conflicts", false, "Take fields from whoever else manages them")
	flags.StringVar(&c.manager, "field-manager", apply.Manager, "Name of the manager that owns the changed fields")
	flags.BoolVar(&c.skipVerify, "skip-verify", false, "Do not check first that the mirror has the images")
	flags.StringVar(&c.list, "images", "", "Check the images of this list, as 'images -o json' prints it (- is stdin), in place of those that are found now")
	addYes(flags, &c.yes)
}

// addYes adds the flag that answers what agree would ask.
func addYes(flags *pflag.FlagSet, yes *bool) {
	flags.BoolVarP(yes, "yes", "y", false, "Do not ask, on a terminal, before the change is made")
}

// check refuses combinations that mean nothing.
func (c *patchCommand) check(cmd *cobra.Command) error {
	if err := checkDryRun(cmd, c.dryRun); err != nil {
		return err
	}
	if c.manager == "" || len(c.manager) > 128 {
		return usageError(cmd, errors.New("--field-manager: a name of 1 to 128 characters is needed"))
	}
	return nil
}

// checkDryRun rejects unknown --dry-run values.
func checkDryRun(cmd *cobra.Command, value string) error {
	if !slices.Contains(dryRuns(), value) {
		return usageError(cmd, fmt.Errorf("--dry-run %q: it is none, client or server", value))
	}
	return nil
}

func dryRuns() []string { return []string{dryRunNone, dryRunClient, dryRunServer} }

// found is what a change is worked out from.
type found struct {
	inst       kkp.Installation
	release    *catalog.Release
	registries *transfer.Registries
	connect    kkp.Connect
	master     kkp.Client
	editor     edit.Editor
}

// noParts requests no optional parts: only the configuration, Seeds and Clusters are read.
func noParts() []kkp.Part { return []kkp.Part{} }

// find reads the parts of the installation that are wanted, nil for all, and opens its API
// for changes.
func (c *patchCommand) find(ctx context.Context, cmd *cobra.Command, target images.Target, parts []kkp.Part) (found, error) {
	if target.Registry != "" {
		c.registries.throughMirror(target)
	}
	registries, err := c.registries.registries(cmd, target)
	if err != nil {
		return found{}, err
	}
	inst, release, err := c.input.load(ctx, cmd, c.streams, registries, parts)
	if err != nil {
		return found{}, err
	}
	config, err := c.input.masterConfig()
	if err != nil {
		return found{}, err
	}
	connect := connector(config, c.streams.ErrOut)
	master, err := connect(config)
	if err != nil {
		return found{}, err
	}
	return found{
		inst: inst, release: release, registries: registries, connect: connect, master: master,
		editor: edit.New(master, inst.Configuration.Namespace, edit.Options{Manager: c.manager, Force: c.force}),
	}, nil
}

// needed is the inventory of an installation: a list that was written before, or what is
// found now.
func (c *patchCommand) needed(ctx context.Context, cmd *cobra.Command, f found) (images.Inventory, error) {
	if c.list != "" {
		return c.readList(cmd)
	}
	c.scope.ignoreOverrides = true
	opts, err := c.scope.options(cmd, f.registries)
	if err != nil {
		return images.Inventory{}, err
	}
	result, err := c.scope.inventory(ctx, cmd, f.inst, f.release, opts)
	for _, gaps := range images.Causes(result.Gaps) {
		c.say("warning: %s", images.OneCause(gaps))
	}
	return result.Inventory, err
}

// proof fails unless the mirror has what a change redirects.
type proof func(context.Context) error

// carry carries changes out, in this order: the API server tries all of them, the mirror is
// checked, the user agrees, and then they are made.
func (c *patchCommand) carry(ctx context.Context, cmd *cobra.Command, e edit.Editor, changes []edit.Edited, proof proof) error {
	printer, err := c.output.documentPrinter(cmd)
	if err != nil {
		return err
	}
	changes = slices.DeleteFunc(changes, func(e edit.Edited) bool { return e.Change.Empty() && (printer == nil || c.revert) })
	if !slices.ContainsFunc(changes, func(e edit.Edited) bool { return !e.Change.Empty() }) {
		c.say("nothing to do: %s", c.nothing())
		return c.print(printer, changes)
	}
	if c.dryRun == dryRunClient {
		return c.show(ctx, printer, changes, "client dry run")
	}
	if changes, err = e.Try(ctx, changes); err != nil {
		return err
	}
	if !c.skipVerify && !c.revert && proof != nil {
		if err := proof(ctx); err != nil {
			return err
		}
	}
	if c.dryRun == dryRunServer {
		return c.show(ctx, printer, changes, "server dry run")
	}
	if err := c.agree(ctx, printer, changes); err != nil {
		return err
	}
	changes, err = e.Apply(ctx, changes)
	changes = slices.DeleteFunc(changes, func(e edit.Edited) bool { return e.After == nil && !e.Change.Empty() })
	return errors.Join(err, c.report(printer, changes, ""))
}

func (c *patchCommand) nothing() string {
	if c.revert {
		return "no field has a value that this tool gave it"
	}
	return "every field has the wanted value already"
}

func (c *patchCommand) say(format string, args ...any) {
	fmt.Fprintf(c.streams.ErrOut, format+"\n", args...)
}

// show prints what would change.
func (c *patchCommand) show(ctx context.Context, printer printers.ResourcePrinter, changes []edit.Edited, how string) error {
	if printer == nil {
		if err := c.diffs(ctx, changes); err != nil {
			return err
		}
	}
	return c.report(printer, changes, how)
}

func (c *patchCommand) diffs(ctx context.Context, changes []edit.Edited) error {
	for _, e := range changes {
		if err := showDiff(ctx, c.streams.Out, apply.Name(e.Change.Live), e.Change.Live, e.Result()); err != nil {
			return err
		}
	}
	return nil
}

// showDiff shows how an object changes. An object that is made or deleted is nil on one side.
func showDiff(ctx context.Context, out io.Writer, name string, before, after *unstructured.Unstructured) error {
	old, fresh, err := apply.Texts(before, after)
	if err != nil {
		return err
	}
	return display.Diff(ctx, out, name, old, fresh)
}

// report says what became of the objects.
func (c *patchCommand) report(printer printers.ResourcePrinter, changes []edit.Edited, how string) error {
	if how != "" {
		how = " (" + how + ")"
	}
	verb := "patched"
	if c.revert {
		verb = "reverted"
	}
	out := c.streams.Out
	if printer != nil {
		out = c.streams.ErrOut
	}
	for _, e := range changes {
		if e.Change.Empty() {
			fmt.Fprintf(out, "%s unchanged\n", apply.Name(e.Change.Live))
		} else {
			fmt.Fprintf(out, "%s %s%s\n", apply.Name(e.Change.Live), verb, how)
		}
	}
	return c.print(printer, changes)
}

// print prints the objects, or what to commit in their place: that has the fields that the
// user asked for, and no other. Whole objects are to be read, so their secrets are masked.
func (c *patchCommand) print(printer printers.ResourcePrinter, changes []edit.Edited) error {
	if printer == nil {
		return nil
	}
	commit := c.dryRun == dryRunClient && !c.revert
	for _, e := range changes {
		object := apply.Masked(e.Result())
		if commit {
			object = e.Change.Fragment()
		}
		if object == nil {
			continue
		}
		if err := printer.PrintObj(object, c.streams.Out); err != nil {
			return err
		}
	}
	if !commit && len(changes) > 0 {
		c.say("note: secrets are printed as %s; what to commit is printed with --dry-run=client", mask.Hidden)
	}
	return nil
}

// agree shows the change and asks for it, where there is someone to ask.
func (c *patchCommand) agree(ctx context.Context, printer printers.ResourcePrinter, changes []edit.Edited) error {
	if printer == nil {
		if err := c.diffs(ctx, changes); err != nil {
			return err
		}
	}
	return agree(ctx, c.streams, c.yes, "Change "+display.Count(len(changes), "object")+"?")
}

// registryTarget reads the name of a mirror, which cannot be an archive.
func registryTarget(cmd *cobra.Command, text string) (images.Target, error) {
	target, err := images.ParseTarget(text)
	if err == nil && target.Archive != "" {
		err = fmt.Errorf("%s: a cluster pulls from registries; copy the archive into one with 'sync REGISTRY --load-from %s'", text, text)
	}
	if err != nil {
		return target, usageError(cmd, err)
	}
	return target, nil
}

// mirror is a target as KKP has to know it.
func (c *patchCommand) mirror(target images.Target) patch.Mirror {
	return patch.Mirror{
		Target: target, Insecure: c.registries.insecure.covers(target), PlainHTTP: slices.Contains(c.registries.plainHTTP, target.Registry),
	}
}
