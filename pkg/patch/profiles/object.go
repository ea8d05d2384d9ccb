package profiles

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/files/rewrite"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/kkp"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/patch"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/patch/apply"
)

// Object returns a rewritten profile as the edits of its object.
func Object(p rewrite.Profile) patch.Object {
	return patch.Object{Kind: kkp.KindCustomProfile, Name: p.Name, Edits: []apply.Edit{{Path: apply.Path{"spec"}, Value: p.Spec}}}
}

// Replacement returns a rewritten profile that has the name of its original as the edits of its
// object. The object keeps the original, because no user cluster has it any more. version is that of
// KKP.
func Replacement(p rewrite.Profile, original kkp.Profile, seed kkp.Seed, version string) (patch.Object, error) {
	for _, present := range seed.Profiles {
		if kept := present.Kept; present.Name == p.Name && kept != nil && kept.Version == original.Version {
			version = kept.KKP
		}
	}
	text, err := kkp.KeepOriginal(original, version)
	object := Object(p)
	object.Edits = append(object.Edits, apply.Edit{Path: apply.Path{"metadata", "annotations", kkp.OriginalAnnotation}, Value: text})
	return object, err
}

// Replaced returns the profiles of a Seed that replace default profiles.
func Replaced(seed kkp.Seed) []kkp.Profile {
	var replaced []kkp.Profile
	for _, p := range seed.Profiles {
		if from, ok := Original(p); ok && from == p.Name {
			replaced = append(replaced, p)
		}
	}
	return replaced
}

// Own returns the profiles of a Seed that have the name of a default profile, and that somebody else
// has made.
func Own(seed kkp.Seed) []kkp.Profile {
	var own []kkp.Profile
	for _, p := range seed.Profiles {
		if _, rewritten := Original(p); !rewritten && IsDefault(p) {
			own = append(own, p)
		}
	}
	return own
}

// Fields returns the edits of a Seed that give new MachineDeployments of a datacenter the rewritten
// profiles. The field has one profile for each operating system: the one that is made from the
// present profile, else from the default profile. A profile that replaces its original needs no
// field.
func Fields(dc patch.SeedDatacenter, made []rewrite.Profile) []apply.Edit {
	var edits []apply.Edit
	for _, p := range made {
		present := cmp.Or(dc.Profiles[p.OS], defaultOf(p.OS))
		inPlace := p.Name == p.Original && p.Name == present
		if !inPlace && original(dc.Seed, present) == p.Original {
			edits = append(edits, apply.Edit{Path: append(fieldPath(dc.Name), p.OS), Value: p.Name})
		}
	}
	return edits
}

// fieldPath returns the path of the profiles of a datacenter, by operating system.
func fieldPath(datacenter string) apply.Path {
	return append(patch.DatacenterPath(datacenter), "spec", "operatingSystemProfiles")
}

// Unused returns the rewritten profiles of a Seed that no datacenter names, but for the datacenters
// whose fields are restored. Profiles that replace default profiles are no part of these.
func Unused(seed kkp.Seed, restored []patch.SeedDatacenter) []kkp.Profile {
	var unused []kkp.Profile
	for _, p := range seed.Profiles {
		if from, ok := Original(p); ok && from != p.Name && !namedElsewhere(seed, p.Name, restored) {
			unused = append(unused, p)
		}
	}
	return unused
}

func namedElsewhere(seed kkp.Seed, profile string, restored []patch.SeedDatacenter) bool {
	return slices.ContainsFunc(seed.Datacenters, func(dc kkp.Datacenter) bool {
		if slices.ContainsFunc(restored, func(r patch.SeedDatacenter) bool { return r.Name == dc.Name }) {
			return false
		}
		for _, name := range dc.Profiles {
			if name == profile {
				return true
			}
		}
		return false
	})
}

// Others returns the datacenters of a Seed that name one of the profiles, without the chosen ones.
func Others(seed kkp.Seed, chosen []patch.SeedDatacenter, made []rewrite.Profile) []string {
	var others []string
	for _, dc := range seed.Datacenters {
		for _, name := range dc.Profiles {
			named := slices.ContainsFunc(made, func(p rewrite.Profile) bool { return p.Name == name })
			if named && !slices.ContainsFunc(chosen, func(c patch.SeedDatacenter) bool { return c.Name == dc.Name }) {
				others = append(others, dc.Name)
			}
		}
	}
	return slices.Compact(others)
}

// Users returns what still uses profiles of a Seed: MachineDeployments, each in a line, and the
// user clusters in which it is not known.
func Users(seed kkp.Seed, unused []kkp.Profile) (users, unread []string) {
	for _, cluster := range seed.Clusters {
		if cluster.Setup == nil || cluster.Setup.Err != nil {
			unread = append(unread, fmt.Sprintf("user cluster %s: whether a MachineDeployment uses them is not known (%s); leave this cluster out with --skip-verify", cluster.Name, problem(cluster)))
			continue
		}
		for _, d := range cluster.Setup.Deployments {
			if slices.ContainsFunc(unused, func(p kkp.Profile) bool { return p.Name == d.Profile }) {
				original := strings.TrimSuffix(d.Profile, rewrite.Suffix)
				users = append(users, fmt.Sprintf("user cluster %s: %s/%s uses %s. With the kubeconfig of the user cluster:\n    kubectl -n %s annotate machinedeployment %s %s=%s --overwrite",
					cluster.Name, d.Namespace, d.Name, d.Profile, d.Namespace, d.Name, kkp.ProfileAnnotation, original))
			}
		}
	}
	return users, unread
}

// Copies returns the copies of profiles of the Seed in a user cluster.
func Copies(cluster kkp.Cluster, unused []kkp.Profile) []kkp.Profile {
	var copies []kkp.Profile
	if cluster.Setup == nil || cluster.Setup.Err != nil {
		return nil
	}
	for _, p := range cluster.Setup.Profiles {
		_, rewritten := Original(p)
		if rewritten && slices.ContainsFunc(unused, func(u kkp.Profile) bool { return u.Name == p.Name }) {
			copies = append(copies, p)
		}
	}
	return copies
}
