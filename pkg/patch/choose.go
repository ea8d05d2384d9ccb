package patch

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/kkp"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/patch/apply"
)

// SeedDatacenter is a datacenter of a Seed, with the user clusters in it.
type SeedDatacenter struct {
	kkp.Datacenter
	Seed     kkp.Seed
	Clusters []kkp.Cluster
}

// DatacenterChoice selects datacenters: one by its name, or all.
type DatacenterChoice struct {
	Name string // ignored with All
	Seed string // only datacenters of this Seed; "": of every Seed
	All  bool
}

// Datacenters returns the selected datacenters, in the order of their Seeds. It fails if no
// datacenter matches, and if several Seeds have a datacenter with the name.
func Datacenters(inst kkp.Installation, choice DatacenterChoice) ([]SeedDatacenter, error) {
	var chosen []SeedDatacenter
	var seeds, all []string
	for _, seed := range inst.Seeds {
		if choice.Seed != "" && seed.Name != choice.Seed {
			continue
		}
		for _, dc := range seed.Datacenters {
			all = append(all, dc.Name)
			if choice.Name != dc.Name && !choice.All {
				continue
			}
			seeds = append(seeds, seed.Name)
			clusters := slices.DeleteFunc(slices.Clone(seed.Clusters), func(cluster kkp.Cluster) bool { return cluster.Datacenter != dc.Name })
			chosen = append(chosen, SeedDatacenter{Datacenter: dc, Seed: seed, Clusters: clusters})
		}
	}
	switch {
	case len(chosen) > 1 && !choice.All:
		return nil, fmt.Errorf("the Seeds %s have a datacenter %q each; select one with --seed", strings.Join(seeds, ", "), choice.Name)
	case len(chosen) == 0 && choice.Name != "":
		return nil, fmt.Errorf("no Seed%s has a datacenter %q; the datacenters are: %s", suffix(" ", choice.Seed), choice.Name, cmp.Or(strings.Join(all, ", "), "none"))
	case len(chosen) == 0:
		return nil, fmt.Errorf("no datacenter%s", suffix(" in Seed ", choice.Seed))
	}
	return chosen, nil
}

func suffix(before, text string) string {
	if text == "" {
		return ""
	}
	return before + text
}

// BySeed groups datacenters that are in the order of their Seeds.
func BySeed(chosen []SeedDatacenter) [][]SeedDatacenter {
	var groups [][]SeedDatacenter
	for i, dc := range chosen {
		if i == 0 || chosen[i-1].Seed.Name != dc.Seed.Name {
			groups = append(groups, nil)
		}
		groups[len(groups)-1] = append(groups[len(groups)-1], dc)
	}
	return groups
}

// InDatacenters reports whether a field of a Seed belongs to one of its datacenters.
func InDatacenters(datacenters []SeedDatacenter, path apply.Path) bool {
	return slices.ContainsFunc(datacenters, func(dc SeedDatacenter) bool { return path.Within(DatacenterPath(dc.Name)) })
}
