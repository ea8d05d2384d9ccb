package patch

import (
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/kkp"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/patch/apply"
)

// Configured returns the objects that a ConfigPlan can have changed, without edits: the
// configuration, every Seed, and the Secret for Helm that the configuration names.
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

// Reverts reports whether a field is selected and a ConfigPlan can have changed it. A ConfigPlan
// never changes datacenters, nor the switch for default profiles, which belongs to the profiles that
// replace these.
func (s Selection) Reverts(path apply.Path) bool {
	return s.Has(path) && !path.Within(apply.Path{"spec", "datacenters"}) && !path.Within(apply.ParsePath(kkp.WithoutDefaultProfiles))
}
