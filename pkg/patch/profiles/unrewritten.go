package profiles

import (
	"maps"
	"slices"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/kkp"
)

// Unrewritten returns a Seed as it would be without rewritten profiles: datacenters and
// MachineDeployments name the originals. OperatingSystemConfigs are left out then, because they may
// be made from rewritten profiles. A Seed without rewritten profiles is returned unchanged.
func Unrewritten(seed kkp.Seed) kkp.Seed {
	originals := map[string]string{} // by the name of the rewritten profile
	var kept []kkp.Profile           // what rewritten profiles replace
	for _, p := range seed.Profiles {
		from, ok := Original(p)
		if !ok {
			continue
		}
		originals[p.Name] = from
		if p.Kept != nil {
			kept = append(kept, p.Kept.Profile)
		}
	}
	if len(originals) == 0 {
		return seed
	}
	seed.Profiles = withoutRewritten(seed.Profiles)
	seed.Datacenters = slices.Clone(seed.Datacenters)
	for i, dc := range seed.Datacenters {
		seed.Datacenters[i].Profiles = maps.Clone(dc.Profiles)
		for system, name := range dc.Profiles {
			if from, ok := originals[name]; ok {
				seed.Datacenters[i].Profiles[system] = from
			}
		}
	}
	seed.Clusters = slices.Clone(seed.Clusters)
	for i, cluster := range seed.Clusters {
		if cluster.Setup != nil {
			seed.Clusters[i].Setup = unrewritten(*cluster.Setup, originals, kept)
		}
	}
	return seed
}

// unrewritten returns what sets up the nodes of a user cluster without rewritten profiles.
func unrewritten(setup kkp.NodeSetup, originals map[string]string, kept []kkp.Profile) *kkp.NodeSetup {
	setup.Configs = nil
	setup.Profiles = append(withoutRewritten(setup.Profiles), kept...)
	setup.Deployments = slices.Clone(setup.Deployments)
	for i, d := range setup.Deployments {
		if from, ok := originals[d.Profile]; ok {
			setup.Deployments[i].Profile = from
		}
	}
	return &setup
}

func withoutRewritten(all []kkp.Profile) []kkp.Profile {
	return slices.DeleteFunc(slices.Clone(all), func(p kkp.Profile) bool {
		_, rewritten := Original(p)
		return rewritten
	})
}
