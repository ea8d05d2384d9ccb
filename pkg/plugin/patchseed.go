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
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/patch"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/patch/apply"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/patch/edit"
)

// patchSeedCommand is what the patch-seed command was asked.
type patchSeedCommand struct {
	patchCommand
	node           patch.NodeSettings
	mirrors        []string // HOST=URL
	registry       string
	seed           string
	allDatacenters bool
}

func newPatchSeedCommand(streams genericiooptions.IOStreams) *cobra.Command {
	c := &patchSeedCommand{patchCommand: newPatch(streams)}
	cmd := &cobra.Command{
		Use:   "patch-seed DATACENTER",
		Short: "Let the nodes of a datacenter use a mirror and a proxy",
		Long: `Let the nodes of user clusters in a datacenter use a mirror and a proxy: change the
settings of the datacenter in its Seed.

--registry lets containerd on the nodes ask the mirror first, for every registry that
KKP's images come from, and sets the image of the pod sandboxes; the mirror is checked
before. With --plain-http or --insecure for it, the nodes are told so. Each setting can
be given alone, too. Values are appended to existing lists; --replace overwrites.

Nodes get new settings when they are made: the MachineDeployments to be rolled are
listed after the change. Fields are set by server-side apply, and --revert gives them
back the values that they had.`,
		Example: `  # Mirror and proxy, checked by the API server
  kubectl kkp-mirror patch-seed aws-eu-central-1a --registry registry.example.com/kkp \
    --http-proxy http://proxy.example.com:3128 --no-proxy auto --dry-run=server

  # One mirror for one registry
  kubectl kkp-mirror patch-seed aws-eu-central-1a --containerd-mirror quay.io=https://registry.example.com

  # As it was
  kubectl kkp-mirror patch-seed aws-eu-central-1a --revert`,
		Args: c.args,
		RunE: func(cmd *cobra.Command, args []string) error { return c.run(cmd.Context(), cmd, args) },
	}
	addGroups(cmd,
		flagGroup{"Datacenter", c.addDatacenter},
		flagGroup{"Nodes", c.addNode},
		flagGroup{"Change", c.addPatch},
		flagGroup{"Registries", c.registries.add},
		flagGroup{"Output", c.output.addDocument},
		flagGroup{"Connection", c.input.addConnection})
	complete(cmd, patchCompletions())
	return cmd
}

func (c *patchSeedCommand) addDatacenter(flags *pflag.FlagSet) {
	flags.StringVar(&c.seed, "seed", "", "Seed of the datacenter, where several have one of that name")
	flags.BoolVar(&c.allDatacenters, "all-datacenters", false, "Every datacenter of every Seed, or of the one given with --seed")
}

func (c *patchSeedCommand) addNode(flags *pflag.FlagSet) {
	flags.StringVar(&c.registry, "registry", "", "Mirror (registry[:port][/prefix]) for everything that nodes pull")
	flags.StringVar(&c.node.HTTPProxy, "http-proxy", "", "Proxy of the nodes for http and https, such as http://proxy.example.com:3128")
	flags.StringSliceVar(&c.node.NoProxy, "no-proxy", nil,
		"What nodes reach without a proxy; auto stands for the DNS cache, the pods and services of the clusters, KKP's domain, and the mirror")
	flags.StringSliceVar(&c.node.InsecureRegistries, "insecure-registry", nil, "Registry (host[:port]) whose certificate is not verified")
	flags.StringSliceVar(&c.node.RegistryMirrors, "registry-mirror", nil, "Mirror of docker.io, or REGISTRY=URL of another registry")
	flags.StringArrayVar(&c.mirrors, "containerd-mirror", nil, "Mirror of a registry, as HOST=URL; HOST * is any")
	flags.StringVar(&c.node.PauseImage, "pause-image", "", "Image of the pod sandboxes, such as registry.example.com/pause:3.10.1")
	flags.BoolVar(&c.node.Replace, "replace", false, "Put the given lists in place of those that are there")
}

// args wants a datacenter, unless it is all of them.
func (c *patchSeedCommand) args(cmd *cobra.Command, args []string) error {
	if c.allDatacenters {
		return exactArgs()(cmd, args)
	}
	return exactArgs("DATACENTER")(cmd, args)
}

func (c *patchSeedCommand) run(ctx context.Context, cmd *cobra.Command, args []string) error {
	if err := c.check(cmd); err != nil {
		return err
	}
	target, err := c.settings(cmd)
	if err != nil {
		return err
	}
	parts := noParts()
	if c.registry != "" && c.list == "" {
		parts = nil
	}
	f, err := c.find(ctx, cmd, target, parts)
	if err != nil {
		return err
	}
	chosen, err := patch.Datacenters(f.inst, patch.DatacenterChoice{Name: strings.Join(args, ""), Seed: c.seed, All: c.allDatacenters})
	if err == nil {
		err = c.node.CheckHosts(f.release.Version())
	}
	if err != nil {
		return usageError(cmd, err)
	}
	var changes []edit.Edited
	var needed images.Inventory
	if c.revert {
		changes, err = c.undo(ctx, f, chosen)
	} else {
		changes, needed, err = c.change(ctx, cmd, f, chosen, target)
	}
	if err != nil {
		return err
	}
	changed := slices.ContainsFunc(changes, func(e edit.Edited) bool { return !e.Change.Empty() })
	err = c.carry(ctx, cmd, f.editor, changes, c.proof(f, target, needed))
	if err == nil && changed {
		c.tellNodes(ctx, f, chosen)
	}
	return err
}

// settings checks the flags that say what nodes are told.
func (c *patchSeedCommand) settings(cmd *cobra.Command) (images.Target, error) {
	n := &c.node
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
		check("insecure-registry", patch.CheckHost(host))
	}
	for _, mirror := range n.RegistryMirrors {
		check("registry-mirror", patch.CheckRegistryMirror(mirror))
	}
	n.ContainerdMirrors = map[string][]string{}
	for _, text := range c.mirrors {
		host, mirror, err := patch.ParseContainerdMirror(text)
		check("containerd-mirror", err)
		n.ContainerdMirrors[host] = append(n.ContainerdMirrors[host], mirror)
	}
	if n.PauseImage != "" {
		_, err := images.ParseRef(n.PauseImage)
		check("pause-image", err)
	}
	given := n.HTTPProxy != "" || n.PauseImage != "" || c.registry != "" || len(n.NoProxy)+len(n.InsecureRegistries)+len(n.RegistryMirrors)+len(c.mirrors) > 0
	switch {
	case len(problems) > 0:
		return images.Target{}, usageError(cmd, errors.Join(problems...))
	case given == c.revert:
		return images.Target{}, usageError(cmd, errors.New("say what to change: --registry, --http-proxy, or another of the nodes' settings; or --revert alone"))
	case c.registry == "":
		return images.Target{}, nil
	}
	return registryTarget(cmd, c.registry)
}

// change works out the changes of every Seed, and which images nodes will pull from the
// mirror then.
func (c *patchSeedCommand) change(ctx context.Context, cmd *cobra.Command, f found, chosen []patch.SeedDatacenter, target images.Target) (
	[]edit.Edited, images.Inventory, error,
) {
	var needed images.Inventory
	opts := patch.NodeOptions{Settings: c.node, Version: f.release.Version()}
	if c.registry != "" {
		var err error
		if needed, err = c.needed(ctx, cmd, f); err != nil {
			return nil, needed, err
		}
		opts.Mirror, opts.Needed = c.mirror(target), needed
	}
	plan, err := patch.Nodes(f.inst, opts)
	if err != nil {
		return nil, needed, usageError(cmd, err)
	}
	for _, note := range plan.Notes {
		c.say("warning: %s", note)
	}
	var changes []edit.Edited
	for _, datacenters := range patch.BySeed(chosen) {
		change, err := c.changeSeed(ctx, f, datacenters, plan)
		if err != nil {
			return nil, needed, err
		}
		changes = append(changes, change)
	}
	return changes, needed, nil
}

// changeSeed works out the change of a Seed with some of its datacenters.
func (c *patchSeedCommand) changeSeed(ctx context.Context, f found, datacenters []patch.SeedDatacenter, plan patch.NodePlan) (edit.Edited, error) {
	object := patch.Object{Kind: patch.KindSeed, Name: datacenters[0].Seed.Name}
	live, err := f.editor.Get(ctx, object.Kind, object.Name)
	if err != nil {
		return edit.Edited{}, err
	}
	for _, dc := range datacenters {
		for _, note := range patch.DatacenterNotes(live, dc.Name) {
			c.say("warning: datacenter %s: %s", dc.Name, note)
		}
		object.Edits = append(object.Edits, plan.Edits(live, dc)...)
		if list := plan.LackingNoProxy(live, dc); list != nil {
			c.say("warning: datacenter %s has no noProxy, so nodes would reach their own cluster through the proxy. Add --no-proxy auto, which is\n  --no-proxy %s",
				dc.Name, strings.Join(list, ","))
		}
	}
	change, err := f.editor.Compute(live, object)
	if unknown := change.Change.Unknown; len(unknown) > 0 {
		c.say("not in this KKP's Seed: %s", strings.Join(pathNames(unknown), ", "))
	}
	return change, err
}

// proof checks what nodes will pull from the mirror.
func (c *patchSeedCommand) proof(f found, target images.Target, needed images.Inventory) proof {
	if c.registry == "" {
		return nil
	}
	return func(ctx context.Context) error {
		return checkInventory(ctx, f.registries, target, needed, c.registries.jobs)
	}
}

// undo works out how the datacenters become what they were.
func (c *patchSeedCommand) undo(ctx context.Context, f found, chosen []patch.SeedDatacenter) ([]edit.Edited, error) {
	var changes []edit.Edited
	for _, datacenters := range patch.BySeed(chosen) {
		change, err := f.editor.Revert(ctx, patch.KindSeed, datacenters[0].Seed.Name, func(path apply.Path) bool {
			return patch.InDatacenters(datacenters, path)
		})
		if err != nil {
			return nil, err
		}
		changes = append(changes, change)
	}
	return changes, nil
}
