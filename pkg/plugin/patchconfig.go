package plugin

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
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
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/patch/pullers"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/plugin/display"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/plugin/option"
)

// patchConfigFlags are the flags of the patch-config command.
type patchConfigFlags struct {
	patchFlags
	fields     patch.Selection
	helmSecret string
	pullSecret string // a Secret or a file
}

func newPatchConfigCommand(streams genericiooptions.IOStreams, defaults *option.Defaults) *cobra.Command {
	f := &patchConfigFlags{patchFlags: newPatchFlags(streams)}
	cmd := &cobra.Command{
		Use:   "patch-config [REGISTRY]",
		Short: "Let KKP pull its images and charts from a mirror",
		Long: `Let KKP pull its images and charts from a mirror: set every repository field of the
KubermaticConfiguration, overwriteRegistry, the Helm repository of KKP's applications,
and the repositories of the node port proxy on every Seed.

REGISTRY is registry[:port][/prefix], the TARGET of sync. The mirror is checked first:
nothing is changed while an image is missing that KKP would pull from the mirror. With
--insecure for the mirror, KKP also pulls charts that way; it pulls none without TLS.

Only fields that the installed KKP version has are set, by server-side apply. A field of
another manager, such as a GitOps controller, is a conflict that names the manager. The
previous values are kept in an annotation; --revert restores them. A new
overwriteRegistry restarts the control plane of every user cluster.

With -f, before KKP is installed, the files are printed with the fields set: comments and
order are kept. The fields are those of --kkp-version. The mirror is checked with the
credentials in the files: spec.imagePullSecret, and the Secrets and the ConfigMap with CA
certificates that the KubermaticConfiguration names, if their files are given, too.`,
		Example: `  # Show the change, validated by the API server
  kubectl kkp-mirror patch-config registry.example.com/kkp --dry-run=server

  # Make the change
  kubectl kkp-mirror patch-config registry.example.com/kkp

  # Print the fields to commit to the repository of a GitOps controller
  kubectl kkp-mirror patch-config registry.example.com/kkp --dry-run=client -o yaml

  # Before KKP is installed: patch the files that it will be installed with
  kubectl kkp-mirror patch-config registry.example.com/kkp -f kubermatic.yaml --kkp-version v2.31.0 --edition ce > patched.yaml

  # Leave out the fields for user clusters
  kubectl kkp-mirror patch-config registry.example.com/kkp --except userCluster

  # Restore the previous values
  kubectl kkp-mirror patch-config --revert`,
		Args: atMost("REGISTRY"),
		RunE: func(cmd *cobra.Command, args []string) error {
			args, err := f.withRegistry(args, defaults)
			if err != nil {
				return err
			}
			return execute(cmd.Context(), f.complete, cmd.Flags(), args)
		},
	}
	option.AddGroups(cmd.Flags(), f.groups(option.Group{Title: "Fields", Add: f.add})...)
	offer(cmd.RegisterFlagCompletionFunc, patchCompletions())
	return cmd
}

func (f *patchConfigFlags) add(flags *pflag.FlagSet) {
	flags.StringSliceVar(&f.fields.Only, "only", nil, "Set only these fields, such as ui.dockerRepository or userCluster")
	flags.StringSliceVar(&f.fields.Except, "except", nil, "Set all fields except these")
	flags.StringVar(&f.helmSecret, "helm-registry-secret", "",
		"NAME[/KEY] of a Secret in the namespace of the KubermaticConfiguration with docker credentials for the charts in the mirror (default key .dockerconfigjson)")
	flags.StringVar(&f.pullSecret, "pull-secret", "",
		"File, or name of a Secret in the namespace of the KubermaticConfiguration, with docker credentials: those for the mirror are added to spec.imagePullSecret")
}

// withRegistry returns the arguments with a registry. --revert restores the values from before any
// mirror, and needs none.
func (f *patchConfigFlags) withRegistry(args []string, defaults *option.Defaults) ([]string, error) {
	if f.change.Parse().Revert {
		return args, nil
	}
	args, err := withMirror(args, defaults, "REGISTRY", f.streams.ErrOut)
	return args, cmp.Or(err, countArgs(args, "REGISTRY"))
}

func (f *patchConfigFlags) complete(flags *pflag.FlagSet, args []string) (patchConfigOptions, error) {
	var target images.Target
	if !f.change.Parse().Revert {
		var err error
		if target, err = registryTarget(args[0]); err != nil {
			return patchConfigOptions{}, err
		}
	}
	common, err := f.patchFlags.complete(flags, target)
	return patchConfigOptions{patchOptions: common, fields: f.fields, helmSecret: helmSecret(f.helmSecret), pullSecret: f.pullSecret}, err
}

// helmSecret reads NAME[/KEY] of the Secret for Helm.
func helmSecret(text string) kkp.SecretKey {
	name, key, ok := strings.Cut(text, "/")
	if !ok {
		key = patch.HelmSecretKey
	}
	return kkp.SecretKey{Name: name, Key: key}
}

// patchConfigOptions are the options of the patch-config command.
type patchConfigOptions struct {
	patchOptions
	fields     patch.Selection
	helmSecret kkp.SecretKey // for the charts in the mirror
	pullSecret string        // a file or a Secret; "": none
}

func (patchConfigOptions) validate() error { return nil }

func (o patchConfigOptions) run(ctx context.Context) error {
	switch {
	case o.inFiles():
		return o.runInFiles(ctx)
	case o.change.Revert:
		return o.undo(ctx)
	}
	var parts []kkp.Part
	if o.change.DryRun == option.DryRunClient || o.change.Images != "" && o.unchecked() {
		parts = []kkp.Part{kkp.PartApps}
	}
	f, err := o.open(ctx, parts)
	if err != nil {
		return err
	}
	plan, pullSecret, err := o.plan(ctx, f)
	if err != nil {
		return err
	}
	changes, err := f.editor.ComputeAll(ctx, plan.Objects)
	if err != nil {
		return err
	}
	o.tellOmitted(plan)
	o.tellFields(f, changes)
	if o.change.DryRun == option.DryRunClient {
		o.tellRolling(f.inst, changes)
		return o.carry(ctx, changes, nil)
	}
	n, err := o.needed(ctx, f)
	if err != nil {
		return err
	}
	coverage := plan.Cover(n.checked, f.inst, f.release)
	if err := o.tellCoverage(coverage); err != nil {
		return err
	}
	o.tellRolling(f.inst, changes)
	return o.carry(ctx, changes, func(ctx context.Context) error {
		if err := o.beyond(n, plan.Cover(n.live, f.inst, f.release).Redirected); err != nil {
			return err
		}
		if err := checkInventory(ctx, f.registries, o.target, coverage.Redirected, o.registry); err != nil {
			return err
		}
		return o.checkPullers(ctx, f, o.pullers(ctx, f, pullSecret, plan, coverage.Redirected))
	})
}

// pullers are those who pull what a plan redirects. Nodes pull from the mirror only where
// overwriteRegistry sends them there. Before KKP is installed, there are no nodes.
func (o patchConfigOptions) pullers(ctx context.Context, f opened, pullSecret string, plan patch.ConfigPlan, needed images.Inventory) []pullers.Puller {
	m := o.mirrorOf(ctx, f, pullSecret, o.helmSecret)
	all := []pullers.Puller{pullers.KKP(f.inst, m, needed), pullers.Charts(m, needed)}
	if !plan.Rewrites() || f.files != nil {
		return all
	}
	datacenters, _ := patch.Datacenters(f.inst, patch.DatacenterChoice{All: true}) // none is no error here
	return append(all, pullers.Nodes(o.nodes(ctx, f, datacenters, nil), m, needed, f.release.Version())...)
}

// plan works out the fields to set. It also returns the credentials of --pull-secret, "" without.
func (o patchConfigOptions) plan(ctx context.Context, f opened) (patch.ConfigPlan, string, error) {
	pullSecret, err := o.readPullSecret(ctx, f)
	if err != nil {
		return patch.ConfigPlan{}, "", err
	}
	plan, err := patch.Config(f.inst, patch.ConfigOptions{
		Mirror: o.mirror(), Release: f.release, HelmSecret: o.helmSecret, PullSecret: pullSecret, Selection: o.fields,
	})
	return plan, pullSecret, option.Usage(err)
}

// readPullSecret returns the new value of spec.imagePullSecret, "" if it stays.
func (o patchConfigOptions) readPullSecret(ctx context.Context, f opened) (string, error) {
	if o.pullSecret == "" {
		return "", nil
	}
	config, err := readBounded(o.pullSecret, o.streams.In)
	if errors.Is(err, fs.ErrNotExist) {
		config, err = f.dockerConfig(ctx, kkp.SecretKey{Namespace: f.inst.Configuration.Namespace, Name: o.pullSecret})
	}
	if err != nil {
		return "", fmt.Errorf("--pull-secret %s: there is no such file, and as a Secret: %w", o.pullSecret, err)
	}
	merged, err := patch.PullSecret(f.inst.Configuration.Field("spec.imagePullSecret"), config, o.target)
	if err != nil {
		return "", option.Usagef("--pull-secret %s: %w", o.pullSecret, err)
	}
	return merged, nil
}

// tellCoverage prints the number of images that a plan redirects, and the other images with their
// remedies. A plan of all fields that redirects nothing is an error.
func (o patchConfigOptions) tellCoverage(coverage patch.Coverage) error {
	o.say("Redirected to the mirror: %s.", display.Count(len(coverage.Redirected.Images), "image"))
	if len(o.fields.Only)+len(o.fields.Except) > 0 {
		return nil // the user has selected the fields
	}
	if err := notEmpty(coverage.Redirected, "these settings redirect no image to the mirror"); err != nil {
		return err
	}
	for _, remedy := range patch.Remedies() {
		if left := coverage.Left[remedy]; len(left) > 0 {
			o.say("Not redirected: %s. %s:\n  %s", display.Count(len(left), "image"), remedy, strings.Join(someRefs(left), "\n  "))
		}
	}
	return nil
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

// tellOmitted prints the fields that the plan does not set, with the reason.
func (o patchConfigOptions) tellOmitted(plan patch.ConfigPlan) {
	for _, omitted := range plan.Omitted {
		o.say("Not set: %s.\n  %s", omitted.Reason, strings.Join(omitted.Fields, "\n  "))
	}
}

// tellFields prints the fields that the API server does not have, and the repository fields of
// the API server that this version does not know.
func (o patchConfigOptions) tellFields(f opened, changes []edit.Edited) {
	told := map[string]bool{}
	for _, e := range changes {
		if told[e.Kind] {
			continue
		}
		told[e.Kind] = true
		if lacking := slices.DeleteFunc(slices.Clone(e.Change.Unknown), patch.Upcoming); len(lacking) > 0 {
			o.say("Not set: the %s of this KKP version does not have these fields: %s", e.Kind, strings.Join(pathNames(lacking), ", "))
		}
		for _, note := range patch.UpcomingNotes(e.Change.Unknown) {
			o.say("note: %s", note)
		}
		if unknown := patch.UnknownRepositories(e.Kind, e.Schema, f.release); len(unknown) > 0 {
			o.say("warning: the %s of this KKP version has repository fields that this version of kkp-mirror does not know; set these fields yourself: %s",
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

// tellRolling prints the number of control planes that a change restarts.
func (o patchConfigOptions) tellRolling(inst kkp.Installation, changes []edit.Edited) {
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
	o.say("warning: %s", display.Restarts(restarts.Clusters, restarts.Unread))
}

// undo restores the previous values of the fields on the configuration, on every Seed,
// and on the Secret that the configuration names.
func (o patchConfigOptions) undo(ctx context.Context) error {
	f, err := o.open(ctx, noParts())
	if err != nil {
		return err
	}
	var changes []edit.Edited
	var failures []error
	for _, object := range patch.Configured(f.inst) {
		change, err := f.editor.Revert(ctx, object.Kind, object.Name, o.fields.Reverts)
		failures = append(failures, err)
		changes = append(changes, change)
	}
	if err := errors.Join(failures...); err != nil {
		return err
	}
	o.tellRolling(f.inst, changes)
	return o.carry(ctx, changes, nil)
}
