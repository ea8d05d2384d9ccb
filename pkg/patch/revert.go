package patch

import (
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/kkp"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/patch/apply"
)

// Configured are the objects that a ConfigPlan may have changed, without edits: the
// configuration, every Seed, and the Secret that the configuration names for Helm.
func Configured(inst kkp.Installation) []Object {
	objects := []Object{{Kind: KindConfiguration, Name: inst.Configuration.Name}}
	for _, seed := range inst.Seeds {
		objects = append(objects, Object{Kind: KindSeed, Name: seed.Name})
	}
	if name := inst.Configuration.Field(systemCharts + ".helmRegistryConfigFile.name"); name != "" {
		objects = append(objects, Object{Kind: KindSecret, Name: name})
	}
	return objects
}

// Reverts tells whether a field is selected and one that a ConfigPlan may have changed. The
// datacenters of Seeds are not.
func (s Selection) Reverts(path apply.Path) bool {
	return s.Has(path) && !path.Within(apply.Path{"spec", "datacenters"})
}
