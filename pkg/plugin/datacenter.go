package plugin

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/kkp"
)

// datacenter is one to change, with the user clusters in it.
type datacenter struct {
	name     string
	seed     kkp.Seed
	provider string
	pause    string
	clusters []kkp.Cluster
}

// choose finds the datacenters that are meant.
func (c *patchSeedCommand) choose(inst kkp.Installation, name string) ([]datacenter, error) {
	var chosen []datacenter
	var seeds, all []string
	for _, seed := range inst.Seeds {
		if c.seed != "" && seed.Name != c.seed {
			continue
		}
		for _, dc := range seed.Datacenters {
			all = append(all, dc.Name)
			if name != dc.Name && !c.allDatacenters {
				continue
			}
			seeds = append(seeds, seed.Name)
			clusters := slices.DeleteFunc(slices.Clone(seed.Clusters), func(cluster kkp.Cluster) bool { return cluster.Datacenter != dc.Name })
			chosen = append(chosen, datacenter{name: dc.Name, seed: seed, provider: dc.Provider, pause: dc.PauseImage, clusters: clusters})
		}
	}
	switch {
	case len(chosen) > 1 && !c.allDatacenters:
		return nil, fmt.Errorf("the Seeds %s all have a datacenter %q; choose one with --seed", strings.Join(seeds, ", "), name)
	case len(chosen) == 0 && name != "":
		return nil, fmt.Errorf("no Seed%s has a datacenter %q; there are %s", suffix(" ", c.seed), name, cmp.Or(strings.Join(all, ", "), "none"))
	case len(chosen) == 0:
		return nil, fmt.Errorf("there is no datacenter%s", suffix(" in Seed ", c.seed))
	}
	return chosen, nil
}

func suffix(before, text string) string {
	if text == "" {
		return ""
	}
	return before + text
}

// bySeed puts the datacenters of a Seed together; choose has them in the order of Seeds.
func bySeed(chosen []datacenter) [][]datacenter {
	var seeds [][]datacenter
	for i, dc := range chosen {
		if i == 0 || chosen[i-1].seed.Name != dc.seed.Name {
			seeds = append(seeds, nil)
		}
		seeds[len(seeds)-1] = append(seeds[len(seeds)-1], dc)
	}
	return seeds
}
