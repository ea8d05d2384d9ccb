package admission

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/util/validation/field"
)

// Seed is the part of a Seed that is looked at.
type Seed struct {
	Metadata struct {
		Name      string `json:"name"`
		Namespace string `json:"namespace"`
	} `json:"metadata"`
	Spec struct {
		Kubeconfig struct {
			Namespace string `json:"namespace"`
			Name      string `json:"name"`
			FieldPath string `json:"fieldPath"`
		} `json:"kubeconfig"`
		Datacenters map[string]Datacenter `json:"datacenters"`
	} `json:"spec"`
}

// Datacenter is a datacenter of a Seed. Its spec has a field for its provider, and others.
type Datacenter struct {
	Spec map[string]any `json:"spec"`
}

// Cluster is what a user cluster says about its place.
type Cluster struct {
	Metadata struct {
		Name string `json:"name"`
	} `json:"metadata"`
	Spec struct {
		Cloud struct {
			Datacenter string `json:"dc"`
		} `json:"cloud"`
	} `json:"spec"`
}

// Installation is what a Seed has to fit into.
type Installation interface {
	// Seeds returns all Seeds as they are now.
	Seeds(ctx context.Context) ([]Seed, error)
	// Clusters returns the user clusters of a Seed.
	Clusters(ctx context.Context, seed Seed) ([]Cluster, error)
}

// providers are the names that KKP knows. The last ones are of old releases.
func providers() []string {
	return []string{
		"alibaba", "anexia", "aws", "azure", "baremetal", "bringyourown", "digitalocean", "edge", "fake", "gcp", "hetzner",
		"kubevirt", "nutanix", "openstack", "vmwareclouddirector", "vsphere", "packet",
	}
}

func (d Datacenter) providers() []string {
	var found []string
	for _, name := range providers() {
		if d.Spec[name] != nil {
			found = append(found, name)
		}
	}

	return found
}

// Validate returns what KKP would refuse when the Seed were stored. As in KKP, that includes a Seed whose cluster cannot
// be reached.
func (s Seed) Validate(ctx context.Context, installation Installation) (field.ErrorList, error) {
	seeds, err := installation.Seeds(ctx)
	if err != nil {
		return nil, fmt.Errorf("failed to list Seeds: %w", err)
	}
	clusters, err := installation.Clusters(ctx, s)
	if err != nil {
		return nil, fmt.Errorf("failed to list the clusters of Seed %q: %w", s.Metadata.Name, err)
	}

	path := field.NewPath("spec", "datacenters")
	var errs field.ErrorList
	for _, other := range seeds {
		if other.Metadata.Name == s.Metadata.Name {
			errs = append(errs, s.validateProviders(path, other)...)
		} else {
			errs = append(errs, s.validateUnique(path, other)...)
		}
	}
	if !slices.ContainsFunc(seeds, func(other Seed) bool { return other.Metadata.Name == s.Metadata.Name }) {
		errs = append(errs, s.validateProviders(path, Seed{})...)
	}

	return append(errs, s.validateInUse(path, seeds, clusters)...), nil
}

// ValidateDelete returns what KKP would refuse when the Seed were deleted.
func (s Seed) ValidateDelete(ctx context.Context, installation Installation) (field.ErrorList, error) {
	s.Spec.Datacenters = nil
	return s.Validate(ctx, installation)
}

// validateProviders wants one provider for each datacenter, and the one that it has had.
func (s Seed) validateProviders(path *field.Path, current Seed) field.ErrorList {
	var errs field.ErrorList
	for _, name := range slices.Sorted(maps.Keys(s.Spec.Datacenters)) {
		spec, found := path.Key(name).Child("spec"), s.Spec.Datacenters[name].providers()
		switch before := current.Spec.Datacenters[name].providers(); {
		case len(found) == 0:
			errs = append(errs, field.Required(spec, fmt.Sprintf("datacenter %q has no provider defined", name)))
		case len(found) > 1:
			errs = append(errs, field.Invalid(spec, strings.Join(found, ","), fmt.Sprintf("datacenter %q is invalid: multiple cloud providers specified", name)))
		case len(before) == 1 && before[0] != found[0]:
			errs = append(errs, field.Invalid(spec, found[0], fmt.Sprintf("cannot change datacenter %q provider from %q to %q", name, before[0], found[0])))
		}
	}

	return errs
}

// validateUnique wants names of datacenters that no other Seed has.
func (s Seed) validateUnique(path *field.Path, other Seed) field.ErrorList {
	var errs field.ErrorList
	for _, name := range slices.Sorted(maps.Keys(s.Spec.Datacenters)) {
		if _, ok := other.Spec.Datacenters[name]; ok {
			problem := field.Duplicate(path.Key(name), name)
			problem.Detail = fmt.Sprintf("Seed %q has it; datacenter names must be globally unique", other.Metadata.Name)
			errs = append(errs, problem)
		}
	}

	return errs
}

// validateInUse wants every user cluster of the Seed to have its datacenter afterwards, in this Seed or in another.
func (s Seed) validateInUse(path *field.Path, seeds []Seed, clusters []Cluster) field.ErrorList {
	left := map[string]bool{}
	for name := range s.Spec.Datacenters {
		left[name] = true
	}
	for _, other := range seeds {
		if other.Metadata.Name == s.Metadata.Name {
			continue
		}
		for name := range other.Spec.Datacenters {
			left[name] = true
		}
	}

	var errs field.ErrorList
	for _, cluster := range clusters {
		if name := cluster.Spec.Cloud.Datacenter; !left[name] {
			detail := fmt.Sprintf("datacenter %q is still in use by cluster %q, cannot delete it", name, cluster.Metadata.Name)
			errs = append(errs, field.Forbidden(path.Key(name), detail))
		}
	}

	return errs
}
