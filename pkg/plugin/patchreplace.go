package plugin

import (
	"context"
	"fmt"
	"strings"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/files/need"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/kkp"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/patch"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/patch/apply"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/patch/edit"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/patch/infile"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/patch/profiles"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/plugin/option"
)

// readOriginals reads operating system profiles from files.
func readOriginals(names []string) ([]kkp.Profile, error) {
	if len(names) == 0 {
		return nil, nil
	}
	files, err := infile.Read(names, false, strings.NewReader(""))
	if err != nil {
		return nil, err
	}
	found, err := kkp.ProfilesFrom(files.Objects())
	if err == nil && len(found) == 0 {
		return nil, option.Usagef("no OperatingSystemProfile in %s", strings.Join(names, ", "))
	}
	for _, p := range found {
		if from, rewritten := profiles.Original(p); rewritten {
			return nil, option.Usagef("%s %s is made from %s: pass the original", p.Name, p.Version, from)
		}
	}
	return found, err
}

// everywhere reports whether the datacenters of all Seeds are chosen.
func (o patchSeedOptions) everywhere() bool { return o.choice.All && o.choice.Seed == "" }

// checkNames refuses to use both ways at once, and to overwrite profiles of somebody else.
func (o patchSeedOptions) checkNames(inst kkp.Installation) error {
	var problems []string
	for _, seed := range inst.Seeds {
		if !o.nodeFiles.replace {
			for _, p := range profiles.Replaced(seed) {
				problems = append(problems, fmt.Sprintf("Seed %s: %s replaces the default profile; pass --replace-defaults and --all-datacenters, or --revert first", seed.Name, p.Name))
			}
			continue
		}
		for _, p := range profiles.Own(seed) {
			problems = append(problems, fmt.Sprintf("Seed %s has a CustomOperatingSystemProfile %s %s that this command has not made; without --replace-defaults, %s-mirror is made from the profile",
				seed.Name, p.Name, p.Version, p.Name))
		}
	}
	if len(problems) > 0 {
		return fmt.Errorf("nothing was changed:\n  %s", strings.Join(problems, "\n  "))
	}
	return nil
}

// withoutDefaults computes the change of the KubermaticConfiguration with which
// operating-system-manager writes no default profiles.
func (o patchSeedOptions) withoutDefaults(ctx context.Context, f opened) (edit.Edited, error) {
	live, err := f.editor.Get(ctx, patch.KindConfiguration, f.inst.Configuration.Name)
	if err != nil {
		return edit.Edited{}, err
	}
	changed, err := f.editor.Compute(live, switchedOff(f.inst.Configuration.Name))
	if err == nil && len(changed.Change.Unknown) > 0 {
		err = fmt.Errorf("--replace-defaults: KKP %s has no field %s, which exists since KKP 2.28", f.release.Version(), kkp.WithoutDefaultProfiles)
	}
	if err == nil && !changed.Change.Empty() {
		o.say("note: KKP restarts operating-system-manager in all user clusters that are not paused. Until then, operating-system-manager writes its default profiles over the copies of the new profiles.")
	}
	return changed, err
}

// switchedOff are the edits of the KubermaticConfiguration for --replace-defaults.
func switchedOff(configuration string) patch.Object {
	return patch.Object{Kind: patch.KindConfiguration, Name: configuration, Edits: []apply.Edit{{Path: apply.ParsePath(kkp.WithoutDefaultProfiles), Value: true}}}
}

// tellKept says which replaced profiles are made from originals of another KKP version: no user
// cluster has the default profiles of the version that runs.
func (o patchSeedOptions) tellKept(m madeProfiles) {
	version := m.release.Version()
	for i, use := range m.uses {
		for _, p := range m.seed.Profiles {
			if p.Name != m.made[i].Name || p.Kept == nil || p.Kept.KKP == version || p.Kept.Version != use.Profile.Version {
				continue
			}
			o.say("note: %s is made from %s of KKP %s, and KKP %s runs, whose default profile can be newer. To renew the profile, pass --os-profiles with the files in deploy/osps/default of operating-system-manager %s",
				p.Name, use.Profile.Version, p.Kept.KKP, version, need.ManagerVersion(m.release))
			break
		}
	}
}

// replacedIn returns the profiles that replace default profiles of all Seeds. They are reverted
// together, because the switch in the KubermaticConfiguration is for all Seeds.
func (o patchSeedOptions) replacedIn(inst kkp.Installation) (bool, error) {
	for _, seed := range inst.Seeds {
		if len(profiles.Replaced(seed)) == 0 {
			continue
		}
		if !o.everywhere() {
			return false, option.Usagef("default profiles are replaced for all Seeds: revert with --all-datacenters and without --seed")
		}
		return true, nil
	}
	return false, nil
}
