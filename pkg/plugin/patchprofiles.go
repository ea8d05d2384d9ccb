package plugin

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/spf13/pflag"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/files"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/files/mirror"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/files/rewrite"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/kkp"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/patch"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/patch/apply"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/patch/edit"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/patch/profiles"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/plugin/display"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/plugin/option"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/worker"
)

// nodeFilesFlags are the flags for what nodes download when they are set up.
type nodeFilesFlags struct {
	files, packages, ca string
	architectures       option.ArchitectureFlags
}

func (f *nodeFilesFlags) add(flags *pflag.FlagSet) {
	flags.StringVar(&f.files, "files-url", "",
		"URL of a copy of the files that 'files DIR' writes; new nodes download them from there, with operating system profiles that this command makes from the present ones")
	flags.StringVar(&f.packages, "packages-url", "", "URL of a copy or a proxy of https://download.docker.com; new nodes install containerd from there")
	flags.StringVar(&f.ca, "node-ca-file", "", "PEM file with CA certificates that new nodes trust: curl, the package manager and containerd")
	f.architectures.Add(flags)
	flags.Lookup("platform").Usage = "Require only files for nodes of these platforms, linux/amd64 or linux/arm64 (default: both)"
}

// parse reads the flags.
func (f *nodeFilesFlags) parse() (profileSettings, error) {
	var n profileSettings
	var err error
	if f.files != "" {
		if n.settings.Files, err = rewrite.ParseURL(f.files); err != nil {
			return n, option.Usagef("--files-url: %w", err)
		}
	}
	if f.packages != "" {
		if n.settings.Packages, err = rewrite.ParseURL(f.packages); err != nil {
			return n, option.Usagef("--packages-url: %w", err)
		}
	}
	if f.ca != "" {
		text, err := os.ReadFile(f.ca)
		if err == nil {
			n.settings.CAs, err = rewrite.ParseCAs(text)
		}
		if err != nil {
			return n, option.Usagef("--node-ca-file %s: %w", f.ca, err)
		}
	}
	n.architectures, err = f.architectures.Parse()
	return n, err
}

// profileSettings are the settings for what nodes download when they are set up.
type profileSettings struct {
	settings      rewrite.Settings
	architectures []string // none: all
}

// madeProfiles are the rewritten profiles of one Seed.
type madeProfiles struct {
	seed        kkp.Seed
	datacenters []patch.SeedDatacenter
	made        []rewrite.Profile
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
	workers, err := newWorkers()
	if err != nil {
		return nil, err
	}
	defer workers.Close()
	var all []madeProfiles
	for _, datacenters := range patch.BySeed(chosen) {
		m := madeProfiles{seed: datacenters[0].Seed, datacenters: datacenters}
		uses, err := profiles.InUse(profiles.Query{Installation: inst, Kubernetes: f.release.DefaultKubernetes(), Architectures: o.nodeFiles.architectures}, datacenters)
		if err != nil {
			return nil, err
		}
		for _, use := range uses {
			made, err := o.rewritten(ctx, workers, use)
			if err != nil {
				return nil, err
			}
			m.made = append(m.made, made)
			o.tellRenewal(m.seed, made)
		}
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
	var objects []patch.Object
	for _, p := range m.made {
		objects = append(objects, profiles.Object(p))
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

// tellProfiles says for each user cluster when its machines get the rewritten profiles.
func (o patchSeedOptions) tellProfiles(all []madeProfiles, version string) {
	o.say("When new machines get the profiles:")
	for _, m := range all {
		var rewritten []profiles.Rewritten
		for _, p := range m.made {
			r := profiles.Rewritten{Name: p.Name, Original: p.Original, Version: p.Version}
			if len(p.Proof.Files) > 0 {
				r.Marks = []string{o.nodeFiles.settings.Files}
			}
			rewritten = append(rewritten, r)
		}
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
