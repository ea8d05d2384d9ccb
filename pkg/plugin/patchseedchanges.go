package plugin

import (
	"cmp"
	"context"
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/kkp"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/patch"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/patch/apply"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/patch/edit"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/plugin/option"
)

// plan works out the settings of nodes, and which images nodes will pull from the mirror then.
func (o patchSeedOptions) plan(ctx context.Context, f opened) (patch.NodePlan, needs, error) {
	var n needs
	opts := patch.NodeOptions{Settings: o.node, Version: f.release.Version()}
	if o.mirrored() {
		var err error
		if n, err = o.needed(ctx, f); err != nil {
			return patch.NodePlan{}, n, err
		}
		opts.Mirror, opts.Needed = o.mirror(), n.checked
	}
	plan, err := patch.Nodes(f.inst, opts)
	for _, note := range plan.Notes {
		o.say("warning: %s", note)
	}
	return plan, n, option.Usage(err)
}

// changes works out the changes: the switch for default profiles, the rewritten profiles of every
// Seed, and then the fields that name these.
func (o patchSeedOptions) changes(ctx context.Context, f opened, chosen []patch.SeedDatacenter, plan patch.NodePlan, made []madeProfiles) ([]edit.Edited, error) {
	var changes []edit.Edited
	if o.nodeFiles.replace {
		switched, err := o.withoutDefaults(ctx, f)
		if err != nil {
			return nil, err
		}
		changes = append(changes, switched)
	}
	fields := map[string][]apply.Edit{} // by Seed
	for _, m := range made {
		profiles, err := o.profileChanges(ctx, f, m)
		if err != nil {
			return nil, err
		}
		changes = append(changes, profiles...)
		fields[m.seed.Name] = m.fields()
	}
	for _, datacenters := range patch.BySeed(chosen) {
		live, err := f.editor.Get(ctx, patch.KindSeed, datacenters[0].Seed.Name)
		if err != nil {
			return nil, err
		}
		object := o.edits(live, datacenters, plan)
		object.Edits = append(object.Edits, fields[object.Name]...)
		change, err := f.editor.Compute(live, object)
		if err != nil {
			return nil, err
		}
		if unknown := change.Change.Unknown; len(unknown) > 0 {
			o.say("Not set: the Seed of this KKP version does not have these fields: %s", strings.Join(pathNames(unknown), ", "))
		}
		changes = append(changes, change)
	}
	return changes, nil
}

// edits are the fields of a Seed with some of its datacenters. It tells what to know about them.
func (o patchSeedOptions) edits(seed *unstructured.Unstructured, datacenters []patch.SeedDatacenter, plan patch.NodePlan) patch.Object {
	object := patch.Object{Kind: patch.KindSeed, Name: datacenters[0].Seed.Name}
	for _, dc := range datacenters {
		for _, note := range patch.DatacenterNotes(seed, dc.Name) {
			o.say("warning: datacenter %s: %s", dc.Name, note)
		}
		object.Edits = append(object.Edits, plan.Edits(seed, dc)...)
		o.tellProxy(seed, dc, plan)
	}
	return object
}

// tellProxy warns of proxies that nodes would use where they should not.
func (o patchSeedOptions) tellProxy(seed *unstructured.Unstructured, dc patch.SeedDatacenter, plan patch.NodePlan) {
	if list := plan.LackingNoProxy(seed, dc); list != nil {
		o.say("warning: datacenter %s has no noProxy, so nodes would reach their own cluster through the proxy. Add --no-proxy auto, which is\n  --no-proxy %s",
			dc.Name, strings.Join(list, ","))
		return
	}
	if proxied, ok := plan.MirrorProxied(seed, dc); ok {
		o.say("warning: the nodes of datacenter %s reach the mirror through the proxy %s: its noProxy (%s) does not have %s. Add --no-proxy %s",
			dc.Name, proxied.Proxy, cmp.Or(proxied.NoProxy, "empty"), strings.Join(proxied.Registries, ", "), patch.ProxyHosts(proxied.Registries))
	}
}

// undo computes the changes that restore the previous values of the datacenters, and with replaced
// the switch for default profiles.
func (o patchSeedOptions) undo(ctx context.Context, f opened, chosen []patch.SeedDatacenter, replaced bool) ([]edit.Edited, error) {
	var changes []edit.Edited
	if replaced {
		change, err := f.editor.Revert(ctx, patch.KindConfiguration, f.inst.Configuration.Name, func(path apply.Path) bool {
			return path.Within(apply.ParsePath(kkp.WithoutDefaultProfiles))
		})
		if err != nil {
			return nil, err
		}
		changes = append(changes, change)
	}
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
