package plugin

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/check"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/files"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/files/mirror"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/files/need"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/files/rewrite"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/kkp"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/patch"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/patch/profiles"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/plugin/option"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/worker"
)

// checkedProfiles is what was found of the operating system profiles of all Seeds.
type checkedProfiles struct {
	findings []check.Finding
	settings map[string]nodeFileSettings // by Seed
}

// nodeProfiles checks what new nodes download, and whether user clusters have the present profiles.
func (s *checkState) nodeProfiles(ctx context.Context) (checkedProfiles, error) {
	all, err := patch.Datacenters(s.inst, patch.DatacenterChoice{All: true})
	if err != nil {
		return checkedProfiles{}, nil // no datacenter
	}
	workers, err := newWorkers()
	if err != nil {
		return checkedProfiles{}, err
	}
	defer workers.Close()
	p := profileChecker{state: s, workers: workers, settings: map[string]nodeFileSettings{}, files: map[string][]files.Item{}}
	for _, datacenters := range patch.BySeed(all) {
		p.seed(ctx, datacenters)
	}
	var ofFiles []check.Finding // first, because profiles need the files
	for _, base := range p.bases {
		found := check.Files{Section: check.SectionDatacenters, Base: base, Results: s.nodeFiles(ctx, base, onceEach(p.files[base])), Command: s.filesCommand()}
		ofFiles = append(ofFiles, found.Findings()...)
	}
	return checkedProfiles{findings: append(ofFiles, p.findings...), settings: p.settings}, ctx.Err()
}

// profileChecker checks the profiles of all Seeds.
type profileChecker struct {
	state    *checkState
	workers  *worker.Pool
	findings []check.Finding
	settings map[string]nodeFileSettings // by Seed
	files    map[string][]files.Item     // that nodes download from a mirror of files, by its URL
	bases    []string                    // these URLs, in order
}

// seed checks the profiles that are in use in datacenters of one Seed, and their copies.
func (p *profileChecker) seed(ctx context.Context, datacenters []patch.SeedDatacenter) {
	seed := datacenters[0].Seed
	uses, err := profiles.InUse(profiles.Query{Installation: p.state.inst, Kubernetes: p.state.release.DefaultKubernetes()}, datacenters)
	if err != nil {
		p.findings = append(p.findings, check.Unread(check.SectionDatacenters, "profiles on Seed "+seed.Name, err))
	}
	var judged []check.NodeProfile
	var made []profiles.Rewritten
	settings := nodeFileSettings{seed: seed.Name}
	for _, use := range uses {
		profile, rewritten := p.use(ctx, seed, datacenters, use)
		judged = append(judged, profile)
		if rewritten != nil {
			made = append(made, *rewritten)
		}
		settings = settings.with(profile)
	}
	settings = settings.of(datacenters)
	p.settings[seed.Name] = settings
	command := p.state.filesProfileCommand(settings)
	var warnings []check.Finding // last, so that profiles with one remedy follow each other
	for _, profile := range judged {
		profile.Command = command
		for _, f := range profile.Findings() {
			if f.Status == check.StatusWarning {
				warnings = append(warnings, f)
				continue
			}
			p.findings = append(p.findings, f)
		}
	}
	p.findings = append(p.findings, warnings...)
	p.findings = append(p.findings, p.state.copies(seed, datacenters, made, settings)...)
}

// use traces a profile in use. rewritten is nil if the Seed has none that is made from the profile.
func (p *profileChecker) use(ctx context.Context, seed kkp.Seed, datacenters []patch.SeedDatacenter, use profiles.Use) (judged check.NodeProfile, rewritten *profiles.Rewritten) {
	judged = check.NodeProfile{Seed: seed.Name, Name: use.Profile.Name, Version: use.Profile.Version, Original: use.Profile, Datacenters: use.Datacenters}
	original, err := p.trace(ctx, use.Profile, use.Machines)
	if err != nil {
		judged.Problem = err.Error()
		return judged, nil
	}
	present := original
	for _, made := range seed.Profiles {
		from, ok := profiles.Original(made)
		if !ok || from != use.Profile.Name {
			continue
		}
		judged.Name, judged.Version = made.Name, made.Version
		judged.MadeFrom, _ = rewrite.OriginalVersion(made.Version)
		judged.Unnamed = unnamed(datacenters, use, made)
		judged.Installed = rewrite.Installed(made.Object)
		if present, err = p.trace(ctx, made, use.Machines); err != nil {
			judged.Problem = err.Error()
		}
		rewritten = &profiles.Rewritten{Name: made.Name, Original: from, Version: made.Version}
	}
	judged.Traced(original, present)
	if judged.Base != "" {
		rewritten.Marks = []string{judged.Base}
	}
	if base := cmp.Or(judged.Base, p.state.filesURL); base != "" {
		p.addFiles(base, use, original)
	}
	return judged, rewritten
}

func (p *profileChecker) trace(ctx context.Context, profile kkp.Profile, machines []files.Case) (files.Answer, error) {
	return profileJob().Run(ctx, p.workers, files.Request{Object: profile.Object, Cases: machines})
}

// unnamed are the datacenters whose new MachineDeployments do not get a rewritten profile.
func unnamed(datacenters []patch.SeedDatacenter, use profiles.Use, made kkp.Profile) []string {
	var names []string
	for _, dc := range datacenters {
		if !slices.Contains(use.Datacenters, dc.Name) {
			continue
		}
		for _, edit := range profiles.Fields(dc, []rewrite.Profile{{Name: made.Name, Original: use.Profile.Name, OS: made.OS}}) {
			if dc.Profiles[made.OS] != edit.Value {
				names = append(names, dc.Name)
			}
		}
	}
	return names
}

// addFiles adds what the mirror of files must have for the machines of a profile.
func (p *profileChecker) addFiles(base string, use profiles.Use, original files.Answer) {
	var list files.Builder
	for i, found := range original.Results {
		for _, d := range found.Downloads {
			list.Add(d.URL, use.Machines[i].Architecture, files.Reason{Profile: use.Profile.Name})
		}
	}
	items := list.List().Items
	if len(items) > 0 && p.files[base] == nil {
		p.bases = append(p.bases, base)
	}
	p.files[base] = append(p.files[base], items...)
}

// nodeFiles asks a mirror of files for files: for one, and for the others if the mirror answers.
func (s *checkState) nodeFiles(ctx context.Context, base string, items []files.Item) []files.Result {
	opts := mirrorOptions(option.Download{CAs: s.registry.CAs, Jobs: s.registry.Jobs})
	verify := func(items []files.Item) []files.Result { return mirror.VerifyURL(ctx, base, items, false, opts) }
	if first := verify(items[:1]); len(first) > 0 && first[0].Outcome == files.Failed {
		return first
	}
	return verify(items)
}

// copies checks whether user clusters have the present profiles, and their MachineDeployments use
// these.
func (s *checkState) copies(seed kkp.Seed, datacenters []patch.SeedDatacenter, made []profiles.Rewritten, settings nodeFileSettings) []check.Finding {
	command := s.machinesCommand(settings)
	var findings []check.Finding
	current := 0
	for _, dc := range datacenters {
		if need.Provider(dc.Provider) == "" {
			continue // KKP makes no nodes there
		}
		for _, cluster := range dc.Clusters {
			if cluster.Setup == nil || cluster.Setup.Err != nil {
				continue // the finding for what could not be read tells
			}
			found := clusterProfiles(seed, cluster, made, s.release.Version(), command).Findings()
			if len(found) == 0 && len(made) > 0 {
				current++
			}
			findings = append(findings, found...)
		}
	}
	if current > 0 {
		findings = append(findings, check.CurrentCopies(seed.Name, current))
	}
	return findings
}

// clusterProfiles compares the profiles of a user cluster with those of its Seed. command changes its
// MachineDeployments, "" if no command does.
func clusterProfiles(seed kkp.Seed, cluster kkp.Cluster, made []profiles.Rewritten, version, command string) check.ClusterProfiles {
	judged := check.ClusterProfiles{Cluster: cluster, Seed: seed}
	for _, p := range made {
		if has := versionOf(cluster, p.Name); has != p.Version {
			judged.Old = append(judged.Old, fmt.Sprintf("has %s %s, and the Seed has %s", p.Name, cmp.Or(has, "in no version"), p.Version))
		}
	}
	for _, m := range profiles.Moves(cluster, made, version) {
		stale := check.StaleNodes{
			Deployment: m.Deployment.Namespace + "/" + m.Deployment.Name, Reason: "uses " + m.Deployment.Profile + ", and not " + m.Profile.Name,
			Remedy: "give new nodes the profile: " + m.Command(), Command: command,
		}
		if m.Deployment.Profile == m.Profile.Name {
			stale.Reason = "new nodes get an older version of " + m.Profile.Name
		}
		judged.Stale = append(judged.Stale, stale)
	}
	return judged
}

// versionOf is the version of a profile in a user cluster, "" without the profile.
func versionOf(cluster kkp.Cluster, name string) string {
	for _, p := range cluster.Setup.Profiles {
		if p.Name == name {
			return p.Version
		}
	}
	return ""
}
