package need

import (
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/files"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/catalog"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/kkp"
)

// choose decides which profiles are traced for which machines.
func (f *finder) choose() {
	for _, name := range slices.Sorted(maps.Keys(f.Clusters)) {
		seed := kkp.Seed{Name: name}
		if i := slices.IndexFunc(f.Installation.Seeds, func(s kkp.Seed) bool { return s.Name == name }); i >= 0 {
			seed = f.Installation.Seeds[i]
		}
		f.configs(seed)
		for _, shape := range f.Clusters[name] {
			f.shape(seed, shape)
		}
	}
	for _, p := range f.Installation.Profiles {
		if p.Kind == kkp.KindSystemConfig {
			f.config(p, "", "", "")
		}
	}
}

// configs adds what the nodes of a Seed's clusters get today.
func (f *finder) configs(seed kkp.Seed) {
	for _, c := range seed.Clusters {
		if c.Setup == nil || !f.inScope(seed.Name, c) {
			continue
		}
		for _, config := range c.Setup.Configs {
			if config.Object == nil {
				continue // only its version was read
			}
			kubelet := ""
			for _, d := range c.Setup.Deployments {
				if config.Name == d.Name+"-"+d.Namespace+"-config" {
					kubelet = d.Kubelet
				}
			}
			f.config(config, seed.Name+"/"+c.Name, kubelet, c.Setup.Server)
		}
	}
}

// inScope tells whether the filters accept a cluster.
func (f *finder) inScope(seed string, c kkp.Cluster) bool {
	return slices.ContainsFunc(f.Clusters[seed], func(shape catalog.Cluster) bool {
		return (shape.Provider == "" || shape.Provider == c.Provider) && (len(c.Versions) == 0 || slices.Contains(c.Versions, shape.Kubernetes))
	})
}

// config adds a config, which is rendered: its Kubernetes version is in it.
func (f *finder) config(p kkp.Profile, cluster, kubelet, api string) {
	for _, architecture := range f.Architectures {
		f.add(Configs, p, files.Case{Kubernetes: strings.TrimPrefix(kubelet, "v"), Architecture: architecture}, files.Reason{Cluster: cluster}, api)
	}
}

// shape adds the profiles of a kind of user cluster. A shape without a provider stands for
// all.
func (f *finder) shape(seed kkp.Seed, shape catalog.Cluster) {
	providers := []string{shape.Provider}
	if shape.Provider == "" {
		providers = f.Release.Providers()
	}
	for _, provider := range providers {
		name := Provider(provider)
		if name == "" {
			continue // KKP makes no machines there
		}
		for _, p := range f.profilesOf(seed, provider) {
			if p.Object == nil {
				f.fromCatalog(p.Name, shape.Kubernetes, name, seed.Name)
				continue
			}
			if !slices.Contains(p.Providers, name) {
				continue
			}
			for _, architecture := range f.Architectures {
				f.add(Profiles, p, files.Case{Kubernetes: shape.Kubernetes, Provider: name, Architecture: architecture}, files.Reason{Cluster: seed.Name}, "")
			}
		}
	}
}

// Provider is the name that machine-controller and OSM have for a provider of KKP, "" if
// KKP makes no machines there.
func Provider(provider string) string {
	switch provider {
	case "gcp":
		return "gce"
	case "vmwareclouddirector":
		return "vmware-cloud-director"
	case "packet":
		return "equinixmetal"
	case "bringyourown":
		return ""
	}
	return provider
}

// profilesOf are the profiles of machines of a provider in a Seed: those of files, if there
// are any; else those that MachineDeployments and datacenters name; else the defaults. One
// without an object is a default profile, of which the catalog knows.
func (f *finder) profilesOf(seed kkp.Seed, provider string) []kkp.Profile {
	var given []kkp.Profile
	for _, p := range f.Installation.Profiles {
		if p.Kind != kkp.KindSystemConfig {
			given = append(given, p)
		}
	}
	if len(given) > 0 {
		return given
	}
	if len(f.Installation.Profiles) > 0 && !f.All {
		return nil // configs, which say all
	}
	names, complete := f.named(seed, provider)
	if len(names) == 0 || !complete || f.All {
		names = append(names, f.defaults(provider)...)
	}
	if f.All {
		for _, p := range seed.Profiles {
			names = append(names, p.Name)
		}
	}
	slices.Sort(names)
	var all []kkp.Profile
	for _, name := range slices.Compact(names) {
		all = append(all, f.resolve(seed, provider, name))
	}
	return all
}

// named are the profiles that MachineDeployments of a provider and its datacenters name, and
// whether that is all: all MachineDeployments are known, and each datacenter has some, or names profiles
// itself. In a datacenter without either, machines can get any default profile.
func (f *finder) named(seed kkp.Seed, provider string) (names []string, complete bool) {
	complete = true
	for _, dc := range seed.Datacenters {
		if dc.Provider == provider {
			names = slices.AppendSeq(names, maps.Values(dc.Profiles))
			complete = complete && (len(dc.Profiles) > 0 || hasMachines(seed, dc.Name))
		}
	}
	for _, c := range seed.Clusters {
		switch {
		case c.Provider != provider:
		case c.Setup == nil || c.Setup.Err != nil:
			complete = false
		default:
			for _, d := range c.Setup.Deployments {
				names = append(names, d.Profile)
			}
		}
	}
	return names, complete
}

// hasMachines reports whether a user cluster in a datacenter has a MachineDeployment.
func hasMachines(seed kkp.Seed, datacenter string) bool {
	return slices.ContainsFunc(seed.Clusters, func(c kkp.Cluster) bool {
		return c.Datacenter == datacenter && c.Setup != nil && len(c.Setup.Deployments) > 0
	})
}

// defaults are the default profiles for a provider.
func (f *finder) defaults(provider string) []string {
	known, err := f.defaultProfiles()
	if err != nil {
		f.list.Gap(Catalog, "default profiles", err.Error())
		return nil
	}
	var names []string
	for _, p := range known.Profiles {
		if slices.Contains(p.Providers, Provider(provider)) {
			names = append(names, p.Name)
		}
	}
	return names
}

// resolve finds a profile by its name: as it is in a user cluster of the provider, or as it
// will be copied there from the Seed. A default profile is replaced at an upgrade: for
// another release than the one that runs, it is as the catalog has it.
func (f *finder) resolve(seed kkp.Seed, provider, name string) kkp.Profile {
	for _, p := range seed.Profiles {
		if p.Name == name {
			return p
		}
	}
	known, err := f.defaultProfiles()
	_, isDefault := known.Profile(name)
	isDefault = isDefault && err == nil
	if planned := f.Installation.Version != f.Release.Version(); !planned || !isDefault {
		for _, c := range seed.Clusters {
			if c.Setup == nil || c.Provider != provider {
				continue
			}
			if i := slices.IndexFunc(c.Setup.Profiles, func(p kkp.Profile) bool { return p.Name == name }); i >= 0 {
				return c.Setup.Profiles[i]
			}
		}
	}
	if !isDefault {
		f.list.Gap(Profiles, name, fmt.Sprintf("a datacenter names this profile for machines of %s, but Seed %s has no profile of this name, and KKP has no such default profile", provider, cmp.Or(seed.Name, "?")))
	}
	return kkp.Profile{Name: name}
}

// osVersion is the version of the operating system that a profile says it is for.
func osVersion(p kkp.Profile) string {
	var view struct {
		Spec struct {
			OSVersion string `json:"osVersion"`
		} `json:"spec"`
	}
	if json.Unmarshal(p.Object, &view) != nil {
		return ""
	}
	return view.Spec.OSVersion
}
