package patch

import (
	"cmp"
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/catalog"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/kkp"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/patch/apply"
)

// The fields of the configuration that are no repository of one image. Those that are come
// from the catalog: a field that a new release has is added by hand to settings in
// pkg/images/catalog/data, with the release as its since; hack/catalog does not find it.
const (
	overwriteRegistry = "spec.userCluster.overwriteRegistry"
	systemCharts      = "spec.userCluster.systemApplications"
	catalogCharts     = "spec.applications.defaultApplicationCatalog"
	catalogSwitches   = "spec.userCluster.applications" // KKP reads the switches for the catalog's charts here
)

// HelmSecretKey is the key of a Secret of the type kubernetes.io/dockerconfigjson.
const HelmSecretKey = ".dockerconfigjson"

// ConfigOptions say what the configuration is to become.
type ConfigOptions struct {
	Mirror     Mirror
	Release    *catalog.Release
	HelmSecret kkp.SecretKey // with the credentials for the charts in the mirror; none without a name
	PullSecret string        // that spec.imagePullSecret becomes; "": it stays
	Selection  Selection
}

// ConfigPlan is what the configuration and the Seeds are to become.
type ConfigPlan struct {
	Objects []Object
	Omitted []Omission

	mirror   Mirror
	settings []catalog.Setting // that are made
	charts   bool              // the charts of applications come from the mirror
	rewrites bool              // overwriteRegistry is the mirror
}

// Config works out the settings of the KubermaticConfiguration, and those of the Seeds
// that go with them.
func Config(inst kkp.Installation, opts ConfigOptions) (ConfigPlan, error) {
	c := configurator{inst: inst, ConfigOptions: opts, plan: ConfigPlan{mirror: opts.Mirror}}
	if err := opts.Selection.check(c.fields()); err != nil {
		return ConfigPlan{}, err
	}
	c.overwrite = inst.Configuration.Field(overwriteRegistry)
	if opts.Selection.Has(apply.ParsePath(overwriteRegistry)) {
		c.overwrite = opts.Mirror.String()
	}
	c.plan.rewrites = c.overwrite == opts.Mirror.String()
	c.configuration()
	c.seeds()
	c.secret()
	return c.plan, nil
}

// Rewrites tells whether overwriteRegistry is the mirror when all is done.
func (p ConfigPlan) Rewrites() bool { return p.rewrites }

// configurator works the settings out.
type configurator struct {
	inst kkp.Installation
	ConfigOptions
	overwrite string // the value of overwriteRegistry when all is done
	plan      ConfigPlan
}

// settings are the repository settings of all releases; the API server knows which it has.
func (c *configurator) settings(object string) []catalog.Setting {
	var settings []catalog.Setting
	for _, s := range append(c.Release.AllSettings(), upcoming()...) {
		if s.Object == object {
			settings = append(settings, s)
		}
	}
	return settings
}

// upcoming are settings that no release has yet (kubermatic pull request 16513).
func upcoming() []catalog.Setting {
	return []catalog.Setting{{
		Object: KindConfiguration, Field: "spec.util.dockerRepository", Components: []string{"seed-proxy", "kubeone"}, Repository: "quay.io/kubermatic/util",
	}}
}

// Upcoming tells whether a field is one that no release has yet, so that nobody misses it.
func Upcoming(path apply.Path) bool {
	return slices.ContainsFunc(upcoming(), func(s catalog.Setting) bool { return s.Field == path.String() })
}

// fields are all fields that can be set.
func (c *configurator) fields() []apply.Path {
	var fields []apply.Path
	for _, s := range append(c.settings(KindConfiguration), c.settings(KindSeed)...) {
		fields = append(fields, apply.ParsePath(s.Field))
	}
	fields = append(fields, apply.ParsePath(overwriteRegistry))
	for _, edit := range c.helm() {
		fields = append(fields, edit.Path)
	}
	return fields
}

// configuration works out the fields of the KubermaticConfiguration.
func (c *configurator) configuration() {
	object := Object{Kind: KindConfiguration, Name: c.inst.Configuration.Name}
	for _, s := range c.settings(KindConfiguration) {
		object.Edits = append(object.Edits, c.repository(s, c.inst.Configuration.Field(s.Field), true, "")...)
	}
	if c.PullSecret != "" { // given by name, so no selection is needed
		object.Edits = append(object.Edits, apply.Edit{Path: apply.ParsePath(imagePullSecret), Value: c.PullSecret})
	}
	edits := append([]apply.Edit{{Path: apply.ParsePath(overwriteRegistry), Value: c.Mirror.String()}}, c.helm()...)
	for _, edit := range edits {
		if c.Selection.Has(edit.Path) {
			object.Edits = append(object.Edits, edit)
			c.plan.charts = c.plan.charts || edit.Path.Within(apply.ParsePath(systemCharts+".helmRepository"))
		}
	}
	c.plan.Objects = append(c.plan.Objects, object)
}

// helm are the fields that lead to the charts of applications.
func (c *configurator) helm() []apply.Edit {
	var edits []apply.Edit
	set := func(field string, value any) {
		edits = append(edits, apply.Edit{Path: apply.ParsePath(field), Value: value})
	}
	for _, at := range []string{systemCharts, catalogCharts} {
		set(at+".helmRepository", c.Mirror.helmRepository())
		if c.HelmSecret.Name != "" {
			set(at+".helmRegistryConfigFile", map[string]any{"name": c.HelmSecret.Name, "key": c.HelmSecret.Key})
		}
	}
	for _, at := range []string{systemCharts, catalogSwitches} {
		if c.Mirror.PlainHTTP {
			set(at+".plainHTTP", true)
		}
		if c.Mirror.Insecure {
			set(at+".insecureSkipTLSVerify", true)
		}
	}
	return edits
}

// seeds works out the fields of every Seed.
func (c *configurator) seeds() {
	for _, seed := range c.inst.Seeds {
		object := Object{Kind: KindSeed, Name: seed.Name}
		for _, s := range c.settings(KindSeed) {
			object.Edits = append(object.Edits, c.repository(s, seed.Field(s.Field), c.balances(seed), "Seed "+seed.Name+" ")...)
		}
		c.plan.Objects = append(c.plan.Objects, object)
	}
}

// balances tells whether user clusters of a Seed are exposed by load balancers of their
// own: only then does overwriteRegistry concern the Seed's envoy.
func (c *configurator) balances(seed kkp.Seed) bool {
	for _, cluster := range seed.Clusters {
		if cmp.Or(cluster.ExposeStrategy, seed.ExposeStrategy, c.inst.Configuration.Spec.ExposeStrategy) == "LoadBalancer" {
			return true
		}
	}
	return false
}

// secret marks the Secret for Helm.
func (c *configurator) secret() {
	if c.HelmSecret.Name == "" {
		return
	}
	mark := apply.Edit{Path: apply.Path{"metadata", "annotations", kkp.SecretType}, Value: kkp.SecretTypeHelm}
	c.plan.Objects = append(c.plan.Objects, Object{Kind: KindSecret, Name: c.HelmSecret.Name, Edits: []apply.Edit{mark}})
}

// repository works out one repository field.
func (c *configurator) repository(s catalog.Setting, current string, rewritable bool, where string) []apply.Edit {
	field := apply.ParsePath(s.Field)
	if !c.Selection.Has(field) {
		return nil
	}
	source := s.Repository
	if current != "" && path.Base(current) != path.Base(source) { // a build of their own
		source = current
	}
	wanted, err := c.Mirror.repository(source)
	if err != nil {
		c.omit(where+s.Field, fmt.Sprintf("the value %q is not a repository: %v", current, err))
		return nil
	}
	if source == current && strings.HasPrefix(current, c.Mirror.String()+"/") {
		wanted = current // a copy of it
	}
	decided := repositoryField{
		Setting: s, current: current, source: source, wanted: wanted, rewrites: s.OverwriteRegistry && rewritable, overwrite: c.overwrite, mirror: c.Mirror,
	}.decide()
	if decided.redirected {
		c.plan.settings = append(c.plan.settings, s)
	}
	if decided.set == "" {
		c.omit(where+s.Field, decided.omitted)
		return nil
	}
	return []apply.Edit{{Path: field, Value: decided.set}}
}

func (c *configurator) omit(field, reason string) {
	i := slices.IndexFunc(c.plan.Omitted, func(o Omission) bool { return o.Reason == reason })
	if i < 0 {
		c.plan.Omitted = append(c.plan.Omitted, Omission{Reason: reason, Fields: []string{field}})
		return
	}
	c.plan.Omitted[i].Fields = append(c.plan.Omitted[i].Fields, field)
}

// unusedFields are fields that look like settings for images, and that KKP does not read.
func unusedFields() []string {
	return []string{"spec.defaultComponentSettings.nodePortProxyEnvoy.dockerRepository", "spec.applications.catalogManager.registrySettings.registryURL"}
}

// UnknownRepositories are fields of a kind that name a repository, as far as one can see,
// and that are none of the fields that Config sets: those of a KKP that is newer.
func UnknownRepositories(kind string, schema apply.Schema, release *catalog.Release) []apply.Path {
	known := map[string]bool{}
	for _, s := range append(release.AllSettings(), upcoming()...) {
		known[s.Field] = s.Object == kind || known[s.Field]
	}
	for _, field := range unusedFields() {
		known[field] = true
	}
	var unknown []apply.Path
	for _, field := range schema.Strings() {
		name := strings.ToLower(field[len(field)-1])
		if (strings.HasSuffix(name, "dockerrepository") || name == "imagerepository") && !known[field.String()] {
			unknown = append(unknown, field)
		}
	}
	return unknown
}
