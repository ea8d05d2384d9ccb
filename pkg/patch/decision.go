package patch

import (
	"cmp"
	"strings"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/catalog"
)

// repositoryField is a field that names a repository, with the facts that its value depends on.
type repositoryField struct {
	catalog.Setting
	current   string // current value, "" if the field is not set
	source    string // repository to redirect
	wanted    string // its copy in the mirror
	rewrites  bool   // KKP applies overwriteRegistry to the field
	overwrite string // the value of overwriteRegistry after the change
	mirror    Mirror
}

// leads reports whether KKP pulls from the wanted repository if the field has this value.
func (f repositoryField) leads(value string) bool {
	return rewritten(f.overwrite, value) == f.wanted
}

// decision says whether a repository field is set.
type decision struct {
	set        string // the value to set, "": the field is left as it is
	redirected bool   // KKP pulls from the mirror then
	doubled    bool   // KKP also pulls from the mirror with its path twice
	omitted    string // why the field is left as it is
}

func set(value string) decision { return decision{set: value, redirected: true} }

// covered is the decision for a field that already leads to the mirror.
func covered(reason string) decision { return decision{redirected: true, omitted: reason} }

func omitted(reason string) decision { return decision{omitted: reason} }

// rule is a row of the decision table for repository fields.
type rule struct {
	when func(repositoryField) bool
	then func(repositoryField) decision
}

// rules returns the decision table: the first row whose condition holds decides.
func rules() []rule {
	return []rule{
		{ // KKP does not apply overwriteRegistry to the field
			when: func(f repositoryField) bool { return !f.rewrites },
			then: func(f repositoryField) decision { return set(f.wanted) },
		},
		{ // the mirror has no path: overwriteRegistry does not change the value
			when: func(f repositoryField) bool { return f.leads(f.wanted) },
			then: func(f repositoryField) decision { return set(f.wanted) },
		},
		{ // KKP uses the field as it is, and rewritten: sync copies the image to both places
			when: func(f repositoryField) bool { return f.Object == KindSeed && f.overwrite == f.mirror.String() },
			then: func(f repositoryField) decision { return decision{set: f.wanted, redirected: true, doubled: true} },
		},
		{ // as before, but rewritten to another registry
			when: func(f repositoryField) bool { return f.Object == KindSeed },
			then: func(f repositoryField) decision {
				return omitted("KKP uses these fields unchanged for the Seed, and puts overwriteRegistry, which is " + f.overwrite + ", before the path for clusters with their own load " +
					"balancer. Until overwriteRegistry is " + f.mirror.String() + ", " + strings.Join(f.Components, " and ") + " of the Seed pulls " + cmp.Or(f.current, f.source))
			},
		},
		{ // overwriteRegistry redirects the current value
			when: func(f repositoryField) bool { return f.leads(cmp.Or(f.current, f.source)) },
			then: func(repositoryField) decision {
				return covered("overwriteRegistry already covers these fields")
			},
		},
		{ // overwriteRegistry redirects KKP's default value
			when: func(f repositoryField) bool { return f.leads(f.Repository) },
			then: func(f repositoryField) decision { return set(f.Repository) },
		},
		{ // overwriteRegistry is another registry: no value of the field leads to the mirror
			when: func(f repositoryField) bool { return f.overwrite != f.mirror.String() },
			then: func(f repositoryField) decision {
				return omitted("KKP replaces the registry of these fields with overwriteRegistry, which is " + f.overwrite)
			},
		},
		{ // overwriteRegistry adds the path of the mirror
			when: func(repositoryField) bool { return true },
			then: func(f repositoryField) decision {
				return set(f.mirror.Registry + strings.TrimPrefix(f.wanted, f.mirror.String()))
			},
		},
	}
}

// decide applies the decision table.
func (f repositoryField) decide() decision {
	for _, rule := range rules() {
		if rule.when(f) {
			return rule.then(f)
		}
	}
	return decision{}
}
