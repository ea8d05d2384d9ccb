package plugin

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/files"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/files/mirror"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/files/rewrite"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/catalog"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/kkp"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/patch"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/patch/apply"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/patch/edit"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/patch/profiles"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/plugin/display"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/plugin/option"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/worker"
)

// madeProfiles are the rewritten profiles of one Seed.
type madeProfiles struct {
	seed        kkp.Seed
	datacenters []patch.SeedDatacenter
	uses        []profiles.Use
	made        []rewrite.Profile // of each use
	release     *catalog.Release
}

// objects are the objects of the profiles.
func (m madeProfiles) objects() ([]patch.Object, error) {
	var all []patch.Object
	for i, p := range m.made {
		object := profiles.Object(p)
		if p.Name == p.Original {
			var err error
			if object, err = profiles.Replacement(p, m.uses[i].Profile, m.seed, m.release.Version()); err != nil {
				return nil, err
			}
		}
		all = append(all, object)
	}
	return all, nil
}

// fields are the fields of the Seed that name the profiles.
func (m madeProfiles) fields() []apply.Edit {
	var edits []apply.Edit
	for _, dc := range m.datacenters {
		edits = append(edits, profiles.Fields(dc, m.made)...)
	}
	return edits
}

// remake reads the profiles in use in the datacenters and rewrites them, Seed by Seed.
func (o patchSeedOptions) remake(ctx context.Context, f opened) ([]madeProfiles, error) {
	inst, chosen, err := o.withProfiles(ctx)
	if err != nil {
		return nil, err
	}
	for _, unread := range inst.Unread {
		if unread.Part == kkp.PartProfiles {
			o.say("warning: %s: %v", unread.Subject, unread.Err)
		}
	}
	if err := o.checkNames(inst); err != nil {
		return nil, err
	}
	return o.remakeIn(ctx, inst, chosen, f.release)
}

// remakeIn rewrites the profiles of datacenters of an installation.
func (o patchSeedOptions) remakeIn(ctx context.Context, inst kkp.Installation, chosen []patch.SeedDatacenter, release *catalog.Release) ([]madeProfiles, error) {
	workers, err := newWorkers()
	if err != nil {
		return nil, err
	}
	defer workers.Close()
	query := profiles.Query{
		Installation: inst, Kubernetes: release.DefaultKubernetes(), Architectures: o.nodeFiles.architectures, Given: o.nodeFiles.originals, All: o.nodeFiles.replace,
	}
	var all []madeProfiles
	for _, datacenters := range patch.BySeed(chosen) {
		m := madeProfiles{seed: datacenters[0].Seed, datacenters: datacenters, release: release}
		if m.uses, err = profiles.InUse(query, datacenters); err != nil {
			return nil, err
		}
		for _, use := range m.uses {
			made, err := o.rewritten(ctx, workers, use)
			if err != nil {
				return nil, err
			}
			m.made = append(m.made, made)
			o.tellRenewal(m.seed, made)
		}
		o.tellKept(m)
		if others := profiles.Others(m.seed, datacenters, m.made); len(others) > 0 {
			o.say("note: these datacenters of Seed %s use the same profiles and get the change, too: %s", m.seed.Name, strings.Join(others, ", "))
		}
		all = append(all, m)
	}
	return all, nil
}

// withProfiles reads the installation with the profiles of its Seeds and user clusters.
func (o patchSeedOptions) withProfiles(ctx context.Context) (kkp.Installation, []patch.SeedDatacenter, error) {
	inst, err := o.installation.read(ctx, []kkp.Part{kkp.PartProfiles})
	if err != nil {
		return inst, nil, err
	}
	chosen, err := patch.Datacenters(inst, o.choice)
	return inst, chosen, option.Usage(err)
}

// rewritten rewrites one profile. What is not proved is an error, unless checks are skipped.
func (o patchSeedOptions) rewritten(ctx context.Context, workers *worker.Pool, use profiles.Use) (rewrite.Profile, error) {
	trace := func(ctx context.Context, q files.Request) (files.Answer, error) {
		return profileJob().Run(ctx, workers, q)
	}
	made, err := rewrite.Make(ctx, trace, use.Profile.Object, use.Machines, o.nodeFiles.settings)
	var unproven *rewrite.UnprovenError
	if errors.As(err, &unproven) {
		if !o.change.SkipVerify {
			return made, fmt.Errorf("%w\nNothing was changed. Change the profile so that the downloads can be traced, or skip this check with --skip-verify", err)
		}
		o.say("warning: %v", err)
		err = nil
	}
	if o.nodeFiles.replace && profiles.IsDefault(use.Profile) {
		made = made.Replacing()
	}
	for _, host := range made.Proof.Hosts {
		o.say("note: machines with %s still ask %s (%s)", made.Name, host.Name, host.Reason)
	}
	return made, err
}

// tellRenewal says that a profile replaces one that was made from another version.
func (o patchSeedOptions) tellRenewal(seed kkp.Seed, made rewrite.Profile) {
	for _, p := range seed.Profiles {
		before, ok := rewrite.OriginalVersion(p.Version)
		if p.Name == made.Name && ok && before != made.OriginalVersion {
			o.say("note: %s is made from %s %s, and %s is in use now", p.Name, made.Original, before, made.OriginalVersion)
		}
	}
}

// profileChanges computes the changes of the profiles of a Seed.
func (o patchSeedOptions) profileChanges(ctx context.Context, f opened, m madeProfiles) ([]edit.Edited, error) {
	client, err := kkp.SeedClient(ctx, f.master, m.seed, f.connect)
	if err != nil {
		return nil, fmt.Errorf("connecting to Seed %s: %w", m.seed.Name, err)
	}
	editor := edit.New(client, m.seed.Namespace, edit.Options{Manager: o.change.Manager, Force: o.change.Force, Place: "Seed " + m.seed.Name})
	objects, err := m.objects()
	if err != nil {
		return nil, err
	}
	return editor.ComputeAll(ctx, objects)
}

// checkNodeFiles asks the mirrors for each file that machines with the rewritten profiles download.
func (o patchSeedOptions) checkNodeFiles(ctx context.Context, all []madeProfiles) error {
	opts := mirrorOptions(option.Download{CAs: trusted(o.registry.CAs, o.nodeFiles.settings.CAs), Jobs: o.registry.Jobs})
	var fileList, packages []files.Item
	for _, m := range all {
		for _, p := range m.made {
			fileList, packages = append(fileList, p.Proof.Files...), append(packages, p.Proof.Packages...)
		}
	}
	results := mirror.VerifyURL(ctx, o.nodeFiles.settings.Files, onceEach(fileList), false, opts)
	missing := missingFiles(o.nodeFiles.settings.Files, results)
	remedy := "Copy the files and serve the directory: kubectl kkp-mirror files DIR"
	if o.nodeFiles.replace {
		remedy += " --all"
	}
	if len(missing) == 0 {
		missing = missingFiles(o.nodeFiles.settings.Packages, mirror.VerifyURL(ctx, o.nodeFiles.settings.Packages, onceEach(packages), false, opts))
		remedy = "The URL must have the paths of https://" + rewrite.PackagesHost
	}
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if len(missing) > 0 {
		return fmt.Errorf("nothing was changed, because new nodes could not download %s:\n  %s\n%s. Or skip this check with --skip-verify",
			display.Count(len(missing), "file"), strings.Join(missing, "\n  "), remedy)
	}
	return nil
}

// trusted returns certificates that the checks of this command trust: those that were given, and
// those that nodes will trust.
func trusted(given *x509.CertPool, nodes []string) *x509.CertPool {
	if given == nil {
		var err error
		if given, err = x509.SystemCertPool(); err != nil {
			given = x509.NewCertPool()
		}
	}
	pool := given.Clone()
	for _, ca := range nodes {
		pool.AppendCertsFromPEM([]byte(ca))
	}
	return pool
}

// onceEach returns each file once.
func onceEach(items []files.Item) []files.Item {
	slices.SortFunc(items, func(a, b files.Item) int { return strings.Compare(a.Path, b.Path) })
	return slices.CompactFunc(items, func(a, b files.Item) bool { return a.Path == b.Path })
}

// missingFiles are the files that a mirror does not serve, with the reasons.
func missingFiles(base string, results []files.Result) []string {
	var missing []string
	for _, r := range results {
		if !r.Outcome.Good() {
			missing = append(missing, fmt.Sprintf("%s/%s: %s", base, r.Path, r.Error))
		}
	}
	return missing
}

// rewritings are the rewritten profiles of a Seed by their names and versions.
func (o patchSeedOptions) rewritings(m madeProfiles) []profiles.Rewritten {
	var all []profiles.Rewritten
	for _, p := range m.made {
		r := profiles.Rewritten{Name: p.Name, Original: p.Original, Version: p.Version}
		switch s := o.nodeFiles.settings; {
		case len(p.Proof.Files) > 0:
			r.Marks = []string{s.Files}
		case len(p.Proof.Packages) > 0:
			r.Marks = []string{s.Packages}
		case len(s.CAs) > 0:
			r.Marks = []string{strings.Split(s.CAs[0], "\n")[1]}
		}
		all = append(all, r)
	}
	return all
}

// tellProfiles says for each user cluster when its machines get the rewritten profiles.
func (o patchSeedOptions) tellProfiles(all []madeProfiles, version string) {
	o.say("When new machines get the profiles:")
	for _, m := range all {
		rewritten := o.rewritings(m)
		for _, dc := range m.datacenters {
			for _, cluster := range dc.Clusters {
				for _, line := range profiles.Effects(cluster, rewritten, m.seed.Namespace, version) {
					o.say("  cluster %s: %s", cluster.Name, line)
				}
			}
		}
	}
	o.say("Nodes that exist keep what they have until they are replaced.")
}
