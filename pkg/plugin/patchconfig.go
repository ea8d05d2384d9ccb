package plugin

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	"k8s.io/cli-runtime/pkg/genericiooptions"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/kkp"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/patch"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/patch/apply"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/patch/edit"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/plugin/display"
)

// patchConfigCommand is what the patch-config command was asked.
type patchConfigCommand struct {
	patchCommand
	fields     patch.Selection
	helmSecret string
}

func newPatchConfigCommand(streams genericiooptions.IOStreams) *cobra.Command {
	c := &patchConfigCommand{patchCommand: newPatch(streams)}
	cmd := &cobra.Command{
		Use:   "patch-config REGISTRY",
		Short: "Let KKP pull its images and charts from a mirror",
		Long: `Let KKP pull its images and charts from a mirror: set every repository field of the
KubermaticConfiguration, overwriteRegistry, the Helm repository of KKP's applications,
and the repositories of the node port proxy on every Seed.

REGISTRY is registry[:port][/prefix], as it was given to sync. The mirror is checked
first: nothing is changed while it lacks an image that KKP would pull from it. With
--plain-http or --insecure for it, KKP is told so where it pulls charts.

Only fields that this KKP has are set, by server-side apply: a field that someone else
manages, such as a GitOps controller, is a conflict that names the owner. The values
from before are kept in an annotation, and --revert gives them back. A new
overwriteRegistry restarts the control plane of every user cluster.`,
		Example: `  # See what would change, checked by the API server
  kubectl kkp-mirror patch-config registry.example.com/kkp --dry-run=server

  # Change it
  kubectl kkp-mirror patch-config registry.example.com/kkp

  # Print what to commit to a repository that a GitOps controller applies
  kubectl kkp-mirror patch-config registry.example.com/kkp --dry-run=client -o yaml

  # Leave the user clusters alone for now
  kubectl kkp-mirror patch-config registry.example.com/kkp --except userCluster

  # As it was
  kubectl kkp-mirror patch-config --revert`,
		Args: c.args,
		RunE: func(cmd *cobra.Command, args []string) error { return c.run(cmd.Context(), cmd, args) },
	}
	addGroups(cmd,
		flagGroup{"Fields", c.addFields},
		flagGroup{"Change", c.addPatch},
		flagGroup{"Registries", c.registries.add},
		flagGroup{"Output", c.output.addDocument},
		flagGroup{"Connection", c.input.addConnection})
	complete(cmd, patchCompletions())
	return cmd
}

func (c *patchConfigCommand) addFields(flags *pflag.FlagSet) {
	flags.StringSliceVar(&c.fields.Only, "only", nil, "Only these fields, such as ui.dockerRepository or userCluster")
	flags.StringSliceVar(&c.fields.Except, "except", nil, "All fields but these")
	flags.StringVar(&c.helmSecret, "helm-registry-secret", "",
		"NAME[/KEY] of a Secret beside the KubermaticConfiguration with docker's configuration for the charts in the mirror (default key .dockerconfigjson)")
}

// args wants a registry. To revert, none is needed: what is there goes, whatever it is.
func (c *patchConfigCommand) args(cmd *cobra.Command, args []string) error {
	if c.revert && len(args) == 0 {
		return nil
	}
	return exactArgs("REGISTRY")(cmd, args)
}

func (c *patchConfigCommand) run(ctx context.Context, cmd *cobra.Command, args []string) error {
	if err := c.check(cmd); err != nil {
		return err
	}
	if c.revert {
		return c.undo(ctx, cmd)
	}
	target, err := registryTarget(cmd, args[0])
	if err != nil {
		return err
	}
	var parts []kkp.Part
	if c.dryRun == dryRunClient || c.list != "" {
		parts = []kkp.Part{kkp.PartApps}
	}
	f, err := c.find(ctx, cmd, target, parts)
	if err != nil {
		return err
	}
	plan, err := patch.Config(f.inst, patch.ConfigOptions{Mirror: c.mirror(target), Release: f.release, HelmSecret: c.secret(), Selection: c.fields})
	if err != nil {
		return usageError(cmd, err)
	}
	changes, err := f.editor.ComputeAll(ctx, plan.Objects)
	if err != nil {
		return err
	}
	c.tellFields(f, plan, changes)
	if c.dryRun == dryRunClient {
		c.tellRolling(f.inst, changes)
		return c.carry(ctx, cmd, f.editor, changes, nil)
	}
	coverage, err := c.cover(ctx, cmd, f, plan)
	if err != nil {
		return err
	}
	c.tellRolling(f.inst, changes)
	return c.carry(ctx, cmd, f.editor, changes, func(ctx context.Context) error {
		return checkInventory(ctx, f.registries, target, coverage.Redirected, c.registries.jobs)
	})
}

// cover finds out which images the plan redirects, and tells about the others.
func (c *patchConfigCommand) cover(ctx context.Context, cmd *cobra.Command, f found, plan patch.ConfigPlan) (patch.Coverage, error) {
	inv, err := c.needed(ctx, cmd, f)
	if err != nil {
		return patch.Coverage{}, err
	}
	coverage := plan.Cover(inv, f.inst, f.release)
	c.say("%s come from the mirror with these settings", display.Count(len(coverage.Redirected.Images), "image"))
	if len(c.fields.Only)+len(c.fields.Except) > 0 {
		return coverage, nil // what is left is what was asked for
	}
	for _, remedy := range patch.Remedies() {
		if left := coverage.Left[remedy]; len(left) > 0 {
			c.say("%s not; it takes %s:\n  %s", display.Count(len(left), "image"), remedy, strings.Join(someRefs(left), "\n  "))
		}
	}
	return coverage, nil
}

func someRefs(refs []images.Ref) []string {
	var names []string
	for i, ref := range refs {
		if i == maxListed {
			return append(names, fmt.Sprintf("… and %d more", len(refs)-maxListed))
		}
		names = append(names, ref.String())
	}
	return names
}

// tellFields tells about fields that are not set.
func (c *patchConfigCommand) tellFields(f found, plan patch.ConfigPlan, changes []edit.Edited) {
	for _, omitted := range plan.Omitted {
		c.say("not set, because %s:\n  %s", omitted.Reason, strings.Join(omitted.Fields, "\n  "))
	}
	told := map[string]bool{}
	for _, e := range changes {
		if told[e.Kind] {
			continue
		}
		told[e.Kind] = true
		if lacking := slices.DeleteFunc(slices.Clone(e.Change.Unknown), patch.Upcoming); len(lacking) > 0 {
			c.say("not in this KKP's %s: %s", e.Kind, strings.Join(pathNames(lacking), ", "))
		}
		if unknown := patch.UnknownRepositories(e.Kind, e.Schema, f.release); len(unknown) > 0 {
			c.say("warning: this KKP's %s has fields that this version of kkp-mirror does not know; set them by hand: %s",
				e.Kind, strings.Join(pathNames(unknown), ", "))
		}
	}
}

func pathNames(paths []apply.Path) []string {
	var names []string
	for _, path := range paths {
		names = append(names, path.String())
	}
	return names
}

// tellRolling tells how many control planes a change restarts.
func (c *patchConfigCommand) tellRolling(inst kkp.Installation, changes []edit.Edited) {
	var edits []apply.Edit
	for _, e := range changes {
		if e.Kind == patch.KindConfiguration {
			edits = append(edits, e.Change.Edits...)
		}
	}
	restarts, some := patch.ControlPlaneRestarts(inst, edits)
	if !some {
		return
	}
	unread := ""
	for _, seed := range restarts.Unread {
		unread += ", and those on Seed " + seed + ", which could not be read"
	}
	c.say("warning: the control planes of %s will restart, etcd included%s", display.Count(restarts.Clusters, "user cluster"), unread)
}

// secret is the Secret for Helm.
func (c *patchConfigCommand) secret() kkp.SecretKey {
	name, key, ok := strings.Cut(c.helmSecret, "/")
	if !ok {
		key = patch.HelmSecretKey
	}
	return kkp.SecretKey{Name: name, Key: key}
}

// undo gives the fields their previous values back, on the configuration, on every Seed,
// and on the Secret that the configuration names.
func (c *patchConfigCommand) undo(ctx context.Context, cmd *cobra.Command) error {
	f, err := c.find(ctx, cmd, images.Target{}, noParts())
	if err != nil {
		return err
	}
	var changes []edit.Edited
	var failures []error
	for _, object := range patch.Configured(f.inst) {
		change, err := f.editor.Revert(ctx, object.Kind, object.Name, c.fields.Reverts)
		failures = append(failures, err)
		changes = append(changes, change)
	}
	if err := errors.Join(failures...); err != nil {
		return err
	}
	c.tellRolling(f.inst, changes)
	return c.carry(ctx, cmd, f.editor, changes, nil)
}

// patchCompletions are the values of flags that a shell can offer.
func patchCompletions() map[string]func() []string {
	return map[string]func() []string{"dry-run": dryRuns}
}
