// Package profiles knows which operating system profiles the machines of datacenters have or
// can get, which objects and fields give them a rewritten profile, and when machines get it. It
// must not know how profiles are rewritten.
package profiles

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/Masterminds/semver/v3"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/files"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/files/need"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/files/rewrite"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/kkp"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/patch"
)

// Use is a profile that machines of datacenters of one Seed have or can get.
type Use struct {
	Profile     kkp.Profile // the original, not a rewritten one
	Machines    []files.Case
	Datacenters []string
}

// Query says of which machines the profiles are wanted.
type Query struct {
	Installation  kkp.Installation // with kkp.PartProfiles
	Kubernetes    string           // version of new user clusters: "1.35.7"
	Architectures []string         // none: all
	Given         []kkp.Profile    // originals, which are taken in place of those that were read
	All           bool             // all default profiles for the providers, also those that nothing uses
}

// UnknownError is a profile whose object could not be read.
type UnknownError struct {
	Datacenter string
	Profile    string
}

func (e *UnknownError) Error() string {
	return fmt.Sprintf("datacenter %s: no Seed and no user cluster that could be read has the operating system profile %s", e.Datacenter, e.Profile)
}

// NoneError is a datacenter without a profile that could be read.
type NoneError struct{ Datacenter string }

func (e *NoneError) Error() string {
	return fmt.Sprintf("datacenter %s: no operating system profile is in use, and no user cluster that could be read has default profiles for its provider", e.Datacenter)
}

// InUse returns the profiles in use in datacenters of one Seed: those that the datacenters and the
// MachineDeployments name, and the default profiles of their operating systems; without any of
// these, all default profiles for the provider. The errors are *UnknownError and *NoneError.
func InUse(q Query, datacenters []patch.SeedDatacenter) ([]Use, error) {
	f := finder{Query: q}
	if len(f.Architectures) == 0 {
		f.Architectures = files.Architectures()
	}
	for _, dc := range datacenters {
		f.datacenter(dc)
	}
	slices.SortFunc(f.uses, func(a, b Use) int { return cmp.Compare(a.Profile.Name, b.Profile.Name) })
	return f.uses, errors.Join(f.errs...)
}

// finder collects profiles.
type finder struct {
	Query
	uses []Use
	errs []error
}

func (f *finder) datacenter(dc patch.SeedDatacenter) {
	provider := need.Provider(dc.Provider)
	if provider == "" {
		return // KKP makes no machines there
	}
	named, defaults := f.names(dc)
	found := 0
	for _, name := range slices.Compact(slices.Sorted(slices.Values(slices.Concat(named, defaults)))) {
		p, ok := f.object(dc, name)
		switch {
		case !ok && slices.Contains(named, name):
			f.errs = append(f.errs, &UnknownError{dc.Name, name})
		case ok && slices.Contains(p.Providers, provider):
			found++
			f.add(p, dc.Name, f.machines(dc, provider))
		}
	}
	if found == 0 && len(f.errs) == 0 {
		f.errs = append(f.errs, &NoneError{dc.Name})
	}
}

// names returns the profiles that a datacenter and the MachineDeployments in it name, and the
// default profiles that machines without a name of a profile get.
func (f *finder) names(dc patch.SeedDatacenter) (named, defaults []string) {
	add := func(name string) { named = append(named, original(dc.Seed, name)) }
	for _, name := range dc.Profiles {
		add(name)
	}
	for _, cluster := range dc.Clusters {
		if cluster.Setup == nil || cluster.Setup.Err != nil {
			continue
		}
		for _, d := range cluster.Setup.Deployments {
			add(d.Profile)
			if dc.Profiles[d.OS] == "" {
				defaults = append(defaults, defaultOf(d.OS))
			}
		}
	}
	if len(named) == 0 || f.All {
		defaults = append(defaults, f.allDefaults(dc)...)
	}
	return named, defaults
}

// allDefaults returns the default profiles that are given, of the user clusters that were read, and
// of the Seed, if it has such that replace them. Without any of these, given profiles of other names
// stand for them.
func (f *finder) allDefaults(dc patch.SeedDatacenter) []string {
	known := slices.Concat(f.Given, dc.Seed.Profiles)
	for _, cluster := range f.near(dc) {
		known = append(known, cluster.Setup.Profiles...)
	}
	var defaults []string
	for _, p := range known {
		if IsDefault(p) {
			defaults = append(defaults, p.Name)
		}
	}
	if len(defaults) > 0 {
		return defaults
	}
	for _, p := range f.Given {
		defaults = append(defaults, p.Name)
	}
	return defaults
}

// defaultOf returns the name of the default profile of an operating system.
func defaultOf(system string) string { return "osp-" + system }

// IsDefault reports whether a profile has the name of a default profile of operating-system-manager
// (deploy/osps/default, v1.11.3).
func IsDefault(p kkp.Profile) bool {
	return p.Name == defaultOf(p.OS) || p.Name == "osp-flatcar-cloud-init"
}

// original returns the name of the profile that a profile is made from: the profile itself, if it
// is not a rewritten one.
func original(seed kkp.Seed, name string) string {
	for _, p := range seed.Profiles {
		if from, ok := Original(p); ok && p.Name == name {
			return from
		}
	}
	return name
}

// Original returns the name of the profile that a rewritten profile is made from: the same name, if
// the rewritten profile replaces it. ok is false for other profiles.
func Original(p kkp.Profile) (name string, ok bool) {
	_, made := rewrite.OriginalVersion(p.Version)
	return strings.TrimSuffix(p.Name, rewrite.Suffix), made
}

// near returns the user clusters that were read, those of a datacenter first, then those of its
// Seed.
func (f *finder) near(dc patch.SeedDatacenter) []kkp.Cluster {
	all := slices.Concat(dc.Clusters, dc.Seed.Clusters)
	for _, seed := range f.Installation.Seeds {
		all = append(all, seed.Clusters...)
	}
	return slices.DeleteFunc(all, func(c kkp.Cluster) bool { return c.Setup == nil || c.Setup.Err != nil })
}

// object finds an original: among those that are given, else on the Seed, from which KKP copies it,
// else in the user clusters, or as the profile that replaces it keeps it. Of several versions, the
// newest in the datacenter is taken: clusters that are paused have old ones.
func (f *finder) object(dc patch.SeedDatacenter, name string) (kkp.Profile, bool) {
	named := func(p kkp.Profile) bool {
		_, rewritten := Original(p)
		return p.Name == name && !rewritten
	}
	for _, p := range slices.Concat(f.Given, dc.Seed.Profiles) {
		if named(p) {
			return p, true
		}
	}
	var found []kkp.Profile
	for _, p := range dc.Seed.Profiles {
		if p.Name == name && p.Kept != nil && named(p.Kept.Profile) {
			found = append(found, p.Kept.Profile)
		}
	}
	for i, cluster := range f.near(dc) {
		if i >= len(dc.Clusters) && len(found) > 0 {
			break
		}
		for _, p := range cluster.Setup.Profiles {
			if named(p) {
				found = append(found, p)
			}
		}
	}
	if len(found) == 0 {
		return kkp.Profile{}, false
	}
	return slices.MaxFunc(found, func(a, b kkp.Profile) int { return compareVersions(a.Version, b.Version) }), true
}

func compareVersions(a, b string) int {
	va, errA := semver.NewVersion(a)
	vb, errB := semver.NewVersion(b)
	if errA != nil || errB != nil {
		return cmp.Compare(a, b)
	}
	return va.Compare(vb)
}

// machines are those that user clusters of a datacenter have, or that a new one gets.
func (f *finder) machines(dc patch.SeedDatacenter, provider string) []files.Case {
	var versions []string
	for _, cluster := range dc.Clusters {
		versions = append(versions, cluster.Versions...)
		if cluster.Setup == nil {
			continue
		}
		for _, d := range cluster.Setup.Deployments {
			if d.Kubelet != "" {
				versions = append(versions, strings.TrimPrefix(d.Kubelet, "v"))
			}
		}
	}
	if len(versions) == 0 {
		versions = []string{f.Kubernetes}
	}
	slices.SortFunc(versions, compareVersions)
	var all []files.Case
	for _, version := range slices.Compact(versions) {
		for _, architecture := range f.Architectures {
			all = append(all, files.Case{Kubernetes: version, Provider: provider, Architecture: architecture})
		}
	}
	return all
}

func (f *finder) add(p kkp.Profile, datacenter string, machines []files.Case) {
	i := slices.IndexFunc(f.uses, func(u Use) bool { return u.Profile.Name == p.Name })
	if i < 0 {
		f.uses = append(f.uses, Use{Profile: p, Machines: machines, Datacenters: []string{datacenter}})
		return
	}
	use := &f.uses[i]
	if compareVersions(p.Version, use.Profile.Version) > 0 {
		use.Profile = p
	}
	use.Datacenters = append(use.Datacenters, datacenter)
	for _, m := range machines {
		if !slices.Contains(use.Machines, m) {
			use.Machines = append(use.Machines, m)
		}
	}
}
