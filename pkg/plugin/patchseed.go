package plugin

import (
	"cmp"
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
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/patch/edit"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/patch/pullers"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/plugin/display"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/plugin/option"
)

// patchSeedFlags are the flags of the patch-seed command.
type patchSeedFlags struct {
	patchFlags
	node           patch.NodeSettings // without ContainerdMirrors
	mirrors        []string           // of containerd, HOST=URL
	mirror         string             // registry[:port][/prefix]
	seed           string
	allDatacenters bool
	kubeOne        bool
	nodeFiles      nodeFilesFlags
}

// patchSeedExample are the examples in the help of patch-seed.
const patchSeedExample = `  # Set a mirror and a proxy, validated by the API server
  kubectl kkp-mirror patch-seed aws-eu-central-1a --registry registry.example.com/kkp \
    --http-proxy http://proxy.example.com:3128 --no-proxy auto --dry-run=server

  # Set a mirror for one registry
  kubectl kkp-mirror patch-seed aws-eu-central-1a --containerd-mirror quay.io=https://registry.example.com

  # Let new nodes download from a copy of the files, and trust its certificate
  kubectl kkp-mirror patch-seed aws-eu-central-1a --files-url https://files.example.com/kkp --node-ca-file ca.pem

  # Then change the MachineDeployments, one after the other
  kubectl kkp-mirror patch-seed aws-eu-central-1a --files-url https://files.example.com/kkp --machine-deployments

  # Replace KKP's default profiles, where no machine has internet access
  kubectl kkp-mirror patch-seed --all-datacenters --files-url https://files.example.com/kkp --replace-defaults

  # Restore the previous values
  kubectl kkp-mirror patch-seed aws-eu-central-1a --revert`

func newPatchSeedCommand(streams genericiooptions.IOStreams) *cobra.Command {
	f := &patchSeedFlags{patchFlags: newPatchFlags(streams)}
	cmd := &cobra.Command{
		Use:   "patch-seed DATACENTER",
		Short: "Let the nodes of a datacenter use a mirror and a proxy",
		Long: `Let the nodes of user clusters in a datacenter use a mirror and a proxy: change the
settings of the datacenter in its Seed.

--registry lets containerd on the nodes ask the mirror first, for every registry that
KKP's images come from, and sets the image of the pod sandboxes; the mirror is checked
first. --plain-http or --insecure for the mirror also configures the nodes that way. Each
setting can be given alone. Values are appended to existing lists; --replace overwrites.

To know these registries, the addons and charts of KKP are read from the mirror, also with
--dry-run=client, unless --images gives a list. If some cannot be read, registries may be
missing: the exit code is 3.

--files-url lets new nodes download kubelet, CNI plugins and other files from a copy that
'files DIR' has written: for each operating system profile in use, the Seed gets a profile
NAME-mirror with other addresses, and the datacenter names the new profile. The scripts of
both are traced first: the new one must download the same files, and the copy must have
them. The hosts that remain are named, and for each user cluster, when new machines get the
profile. After an upgrade, the same command makes the profiles from the new originals.
--machine-deployments then changes the MachineDeployments, one after the other.

--replace-defaults, with --all-datacenters, gives the new profiles the names of KKP's
default profiles, and has KKP write no default profiles: machines of MachineDeployments
that exist get them, too. No user cluster has the originals then. After an upgrade, pass
the new originals with --os-profiles.

Only new nodes get new settings: the MachineDeployments to roll are listed after the
change. Fields are set by server-side apply; --revert restores the previous values, and
deletes the profiles, unless a MachineDeployment uses one.

With -f, before KKP is installed, the files are printed with the settings: comments and
order are kept. --files-url needs --os-profiles then, and adds the new profiles.

KKP does not manage the nodes of master and Seed clusters: --kubeone prints the settings
for KubeOne.`,
		Example: patchSeedExample,
		Args:    func(_ *cobra.Command, args []string) error { return f.args(args) },
		RunE: func(cmd *cobra.Command, args []string) error {
			return execute(cmd.Context(), f.complete, cmd.Flags(), args)
		},
		ValidArgsFunction: completing(func(ctx context.Context, args []string) []string {
			if len(args) > 0 {
				return nil
			}
			return f.reader().datacenterNames(ctx, f.seed)
		}),
	}
	option.AddGroups(cmd.Flags(), f.groups(
		option.Group{Title: "Datacenter", Add: f.addDatacenter},
		option.Group{Title: "Nodes", Add: f.addNode},
		option.Group{Title: "Files of nodes", Add: f.nodeFiles.add})...)
	offer(cmd.RegisterFlagCompletionFunc, patchCompletions())
	_ = cmd.RegisterFlagCompletionFunc("seed", completing(func(ctx context.Context, _ []string) []string { return f.reader().seedNames(ctx) })) // the flag exists
	return cmd
}

func (f *patchSeedFlags) addDatacenter(flags *pflag.FlagSet) {
	flags.StringVar(&f.seed, "seed", "", "Seed of the datacenter; required if several Seeds have a datacenter of that name")
	flags.BoolVar(&f.allDatacenters, "all-datacenters", false, "Every datacenter of every Seed, or of the one given with --seed")
	flags.BoolVar(&f.kubeOne, "kubeone", false, "Change nothing, and print what --registry sets as settings for KubeOne, which makes the nodes of master and Seed clusters; without DATACENTER")
}

func (f *patchSeedFlags) addNode(flags *pflag.FlagSet) {
	flags.StringVar(&f.mirror, "registry", "", "Mirror (registry[:port][/prefix]) for everything that nodes pull")
	flags.StringVar(&f.node.HTTPProxy, "http-proxy", "", "Proxy of the nodes for http and https, such as http://proxy.example.com:3128")
	flags.StringSliceVar(&f.node.NoProxy, "no-proxy", nil,
		"Hosts and networks that nodes reach without a proxy; auto stands for the DNS cache, the pods and services of the user clusters, KKP's domain, and the mirror")
	flags.StringSliceVar(&f.node.InsecureRegistries, "insecure-registry", nil, "Registry (host[:port]) whose certificate is not verified")
	flags.StringSliceVar(&f.node.RegistryMirrors, "registry-mirror", nil, "Mirror of docker.io, or REGISTRY=URL of another registry")
	flags.StringArrayVar(&f.mirrors, "containerd-mirror", nil, "Mirror of a registry, as HOST=URL; HOST * matches any registry")
	flags.StringVar(&f.node.PauseImage, "pause-image", "", "Image of the pod sandboxes, such as registry.example.com/pause:3.10.1")
	flags.BoolVar(&f.node.Replace, "replace", false, "Overwrite existing lists instead of appending to them")
}

// args requires a datacenter, unless --all-datacenters is set.
func (f *patchSeedFlags) args(args []string) error {
	if f.allDatacenters || f.kubeOne {
		return countArgs(args)
	}
	return countArgs(args, "DATACENTER")
}

func (f *patchSeedFlags) complete(flags *pflag.FlagSet, args []string) (patchSeedOptions, error) {
	node, err := f.settings()
	if err != nil {
		return patchSeedOptions{}, option.Usage(err)
	}
	var target images.Target
	if f.mirror != "" {
		if target, err = registryTarget(f.mirror); err != nil {
			return patchSeedOptions{}, err
		}
	}
	nodeFiles, err := f.nodeFiles.parse()
	if err != nil {
		return patchSeedOptions{}, err
	}
	common, err := f.patchFlags.complete(flags, target)
	return patchSeedOptions{
		patchOptions: common, node: node, nodeFiles: nodeFiles, kubeOne: f.kubeOne,
		choice: patch.DatacenterChoice{Name: strings.Join(args, ""), Seed: f.seed, All: f.allDatacenters},
	}, err
}

// settings reads the flags with the settings of nodes.
func (f *patchSeedFlags) settings() (patch.NodeSettings, error) {
	n := f.node
	var problems []error
	check := func(flag string, err error) {
		if err != nil {
			problems = append(problems, fmt.Errorf("--%s: %w", flag, err))
		}
	}
	if n.HTTPProxy != "" {
		check("http-proxy", patch.CheckProxy(n.HTTPProxy))
	}
	for _, host := range n.InsecureRegistries {
		check("insecure-registry", images.CheckHost(host))
	}
	for _, mirror := range n.RegistryMirrors {
		check("registry-mirror", patch.CheckRegistryMirror(mirror))
	}
	n.ContainerdMirrors = map[string][]string{}
	for _, text := range f.mirrors {
		host, mirror, err := patch.ParseContainerdMirror(text)
		check("containerd-mirror", err)
		n.ContainerdMirrors[host] = append(n.ContainerdMirrors[host], mirror)
	}
	if n.PauseImage != "" {
		_, err := images.ParseRef(n.PauseImage)
		check("pause-image", err)
	}
	return n, errors.Join(problems...)
}

// patchSeedOptions are the options of the patch-seed command.
type patchSeedOptions struct {
	patchOptions
	node      patch.NodeSettings // from flags, without the settings that --registry stands for
	nodeFiles profileSettings
	choice    patch.DatacenterChoice
	kubeOne   bool // settings for KubeOne are printed, and nothing is changed
}

// configures reports whether settings of nodes are given, without those for their files.
func (o patchSeedOptions) configures() bool {
	n := o.node
	return n.HTTPProxy != "" || n.PauseImage != "" || o.mirrored() || len(n.NoProxy)+len(n.InsecureRegistries)+len(n.RegistryMirrors)+len(n.ContainerdMirrors) > 0
}

// remakes reports whether operating system profiles are rewritten.
func (o patchSeedOptions) remakes() bool { return !o.nodeFiles.settings.Empty() }

func (o patchSeedOptions) validate() error {
	switch {
	case o.kubeOne && (!o.mirrored() || o.remakes() || o.change.Revert || o.choice.All):
		return option.Usagef("--kubeone prints what --registry sets: pass --registry, and neither --all-datacenters, --files-url nor --revert")
	case o.remakes() && o.inFiles() && len(o.nodeFiles.originals) == 0:
		return option.Usagef("--filename with --files-url, --packages-url or --node-ca-file needs --os-profiles, because no user cluster is read: " +
			"pass the files in deploy/osps/default of operating-system-manager")
	case o.nodeFiles.needsSettings() && !o.remakes():
		return option.Usagef("--replace-defaults, --os-profiles and --machine-deployments are for --files-url, --packages-url or --node-ca-file")
	case o.nodeFiles.machines && o.inFiles():
		return option.Usagef("--filename and --machine-deployments cannot be combined: --filename changes no cluster")
	case o.nodeFiles.replace && !o.everywhere():
		return option.Usagef("--replace-defaults needs --all-datacenters, without --seed: with the switch in the KubermaticConfiguration, no user cluster of any Seed gets KKP's default profiles")
	case len(o.nodeFiles.architectures) > 0 && o.nodeFiles.settings.Files == "":
		return option.Usagef("--platform is for --files-url")
	case (o.configures() || o.remakes()) == o.change.Revert:
		return option.Usagef("nothing to change: pass --registry, --files-url, --http-proxy or another setting of the nodes, or --revert alone")
	}
	return nil
}

// mirrored reports whether nodes will pull from a mirror.
func (o patchSeedOptions) mirrored() bool { return o.target.Registry != "" }

func (o patchSeedOptions) run(ctx context.Context) error {
	if o.kubeOne {
		return o.printKubeOne(ctx)
	}
	if o.inFiles() {
		return o.runInFiles(ctx)
	}
	parts := noParts()
	if o.mirrored() && (o.change.Images == "" || !o.unchecked()) {
		parts = nil
	}
	f, err := o.open(ctx, parts)
	if err != nil {
		return err
	}
	chosen, err := o.datacenters(f)
	if err != nil {
		return err
	}
	if o.change.Revert {
		return o.revert(ctx, f, chosen)
	}
	plan, n, err := o.plan(ctx, f)
	if err != nil {
		return err
	}
	var made []madeProfiles
	if o.remakes() {
		if made, err = o.remake(ctx, f); err != nil {
			return err
		}
	}
	changes, err := o.changes(ctx, f, chosen, plan, made)
	if err != nil {
		return err
	}
	changed := slices.ContainsFunc(changes, func(e edit.Edited) bool { return !e.Change.Empty() })
	err = o.carry(ctx, changes, o.proof(f, chosen, n, made))
	if err == nil && changed && o.configures() {
		o.tellNodes(ctx, f, chosen)
	}
	if err == nil && o.remakes() {
		o.tellProfiles(made, f.release.Version())
		err = o.changeMachines(ctx, f, made)
	}
	return cmp.Or(err, n.partial())
}

// datacenters returns the datacenters to change. A setting that their nodes cannot have is a usage error.
func (o patchSeedOptions) datacenters(f opened) ([]patch.SeedDatacenter, error) {
	chosen, err := patch.Datacenters(f.inst, o.choice)
	if err == nil {
		err = o.node.CheckHosts(f.release.Version())
	}
	return chosen, option.Usage(err)
}

// partial is the outcome of a command that knows only a part of the images.
func (n needs) partial() error {
	if len(n.checked.Gaps) == 0 {
		return nil
	}
	return &PartialError{Message: fmt.Sprintf("the list of images has %s: hosts may be missing from the containerd mirrors; "+
		"copy the images into the mirror first (sync), or pass a list with --images", display.Count(len(n.checked.Gaps), "gap"))}
}

// proof checks what nodes will pull from the mirror, and whether they can.
func (o patchSeedOptions) proof(f opened, chosen []patch.SeedDatacenter, n needs, made []madeProfiles) proof {
	return func(ctx context.Context) error {
		if err := o.checkNodeFiles(ctx, made); err != nil || !o.mirrored() {
			return err
		}
		if err := o.beyond(n, pullers.OnNodes(n.live)); err != nil {
			return err
		}
		if err := checkInventory(ctx, f.registries, o.target, n.checked, o.registry); err != nil {
			return err
		}
		m := o.mirrorOf(ctx, f, "", kkp.SecretKey{})
		return o.checkPullers(ctx, f, pullers.Nodes(o.nodes(ctx, f, chosen, o.insecure()), m, n.checked, f.release.Version()))
	}
}

// insecure are the registries that nodes reach without verification after the change.
func (o patchSeedOptions) insecure() []string {
	if m := o.mirror(); m.Insecure || m.PlainHTTP {
		return []string{m.Registry}
	}
	return nil
}
