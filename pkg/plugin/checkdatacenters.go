package plugin

import (
	"context"
	"slices"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/check"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/files/need"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/discover"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/patch"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/patch/apply"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/patch/edit"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/plugin/display"
)

// findDatacenters checks what nodes of user clusters pull and download.
func findDatacenters(ctx context.Context, s *checkState) []check.Finding {
	findings := check.UnknownDatacenters(s.inst.Unread)
	all, err := patch.Datacenters(s.inst, patch.DatacenterChoice{All: true})
	if err != nil {
		return findings // no datacenter
	}
	if s.hasMirror() {
		findings = append(findings, s.nodeSettings(ctx, all)...)
	}
	found, err := s.profiles(ctx)
	switch {
	case ctx.Err() != nil:
		return findings
	case err != nil:
		return append(findings, check.Unread(check.SectionDatacenters, "operating system profiles", err))
	}
	return append(findings, found.findings...)
}

// nodeSettings checks the settings of nodes that patch-seed would change.
func (s *checkState) nodeSettings(ctx context.Context, all []patch.SeedDatacenter) []check.Finding {
	needed, err := s.needed(ctx)
	if err != nil {
		return nil // interrupted
	}
	plan, err := patch.Nodes(s.inst, patch.NodeOptions{Mirror: s.asPatch().mirror(), Needed: needed, Version: s.release.Version()})
	if err != nil {
		return []check.Finding{check.NoSettings(err)}
	}
	findings := check.PathNotes(plan.Notes)
	editor := edit.New(s.master, s.inst.Configuration.Namespace, edit.Options{})
	for _, datacenters := range patch.BySeed(all) {
		found, err := s.seedSettings(ctx, editor, datacenters, plan, needed)
		if err != nil {
			found = []check.Finding{check.Unread(check.SectionDatacenters, "Seed "+datacenters[0].Seed.Name, err)}
		}
		findings = append(findings, found...)
	}
	return append(findings, check.UnknownRegistries(withNodes(all), nodeGaps(needed))...)
}

// withNodes are the names of the datacenters in which KKP makes nodes.
func withNodes(all []patch.SeedDatacenter) []string {
	var names []string
	for _, dc := range all {
		if need.Provider(dc.Provider) != "" {
			names = append(names, dc.Name)
		}
	}
	return names
}

// nodeGaps are the gaps of a list that may hide images of user clusters. Helm releases and the pods that
// are read run on the master and the Seeds.
func nodeGaps(needed images.Inventory) []images.Gap {
	others := []string{discover.Charts, discover.BundledCharts, discover.Running}
	return slices.DeleteFunc(slices.Clone(needed.Gaps), func(gap images.Gap) bool { return slices.Contains(others, gap.Source) })
}

// seedSettings checks the datacenters of one Seed.
func (s *checkState) seedSettings(ctx context.Context, editor edit.Editor, datacenters []patch.SeedDatacenter, plan patch.NodePlan, needed images.Inventory) ([]check.Finding, error) {
	live, err := editor.Get(ctx, patch.KindSeed, datacenters[0].Seed.Name)
	if err != nil {
		return nil, err
	}
	var findings []check.Finding
	for _, dc := range datacenters {
		judged := check.Datacenter{SeedDatacenter: dc, NoNodes: need.Provider(dc.Provider) == "", Notes: patch.DatacenterNotes(live, dc.Name)}
		judged.Incomplete = len(nodeGaps(needed)) > 0
		judged.Hosts = slices.DeleteFunc(patch.Hosts(needed), func(host string) bool { return host == s.target.Registry })
		change, err := editor.Compute(live, patch.Object{Kind: patch.KindSeed, Name: live.GetName(), Edits: plan.Edits(live, dc)})
		if err != nil {
			return nil, err
		}
		for _, one := range change.Change.Edits {
			setting := nodeSetting(one.Path)
			setting.Live, setting.Wanted, setting.Owners = one.Path.Lookup(live.Object), one.Value, change.Owners(one.Path)
			judged.Pending = append(judged.Pending, setting)
		}
		registry := []string{"--registry", s.targetName()}
		judged.Command, judged.Print = s.patchSeedCommand(dc, registry), s.printSeedCommand(dc, registry)
		if proxied, ok := plan.MirrorProxied(live, dc); ok {
			judged.Proxied = &proxied
			judged.Owners = change.Owners(append(patch.DatacenterPath(dc.Name), "node", "noProxy"))
			noProxy := []string{"--no-proxy", patch.ProxyHosts(proxied.Registries)}
			judged.NoProxyCommand, judged.NoProxyPrint = s.patchSeedCommand(dc, noProxy), s.printSeedCommand(dc, noProxy)
		}
		findings = append(findings, judged.Findings()...)
		findings = append(findings, judged.StaleNodes()...)
	}
	return findings, nil
}

// nodeSetting names a setting of nodes by its path in a Seed.
func nodeSetting(path apply.Path) check.NodeSetting {
	const inDatacenter = 3 // spec.datacenters.NAME
	keys := path[inDatacenter:]
	setting := check.NodeSetting{Name: "csi-registry", Field: keys.String()}
	switch keys[1] {
	case "containerdRegistryMirrors":
		setting = check.NodeSetting{Name: "mirrors", Host: keys[3]}
	case "pauseImage":
		setting.Name = "pause-image"
	case "insecureRegistries":
		setting.Name = "insecure-registries"
	}
	return setting
}

// patchSeedCommand returns a line for a shell that changes a datacenter, with the flags of this run.
func (s *checkState) patchSeedCommand(dc patch.SeedDatacenter, settings []string) string {
	return s.seedCommand(dc, settings, s.changing())
}

// printSeedCommand returns a line for a shell that prints what patchSeedCommand would set.
func (s *checkState) printSeedCommand(dc patch.SeedDatacenter, settings []string) string {
	return s.seedCommand(dc, settings, append(s.mirrored(), "--dry-run=client", "-o", "yaml"))
}

func (s *checkState) seedCommand(dc patch.SeedDatacenter, settings, flags []string) string {
	args := []string{"kubectl", "kkp-mirror", "patch-seed", dc.Name, "--seed", dc.Seed.Name}
	return display.ShellCommand(slices.Concat(args, settings, flags, s.registry.Given, s.connection)...)
}
