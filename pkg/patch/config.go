package patch

import (
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/catalog"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/kkp"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/patch/apply"
)

// Fields of the configuration that do not name the repository of one image. The repository
// fields are in the catalog. hack/catalog does not find new ones: add them by hand to settings
// in pkg/images/catalog/data, with the first release in since.
const (
	overwriteRegistry = "spec.userCluster.overwriteRegistry"
	systemCharts      = "spec.userCluster.systemApplications"
	catalogCharts     = "spec.applications.defaultApplicationCatalog"
	catalogSwitches   = "spec.userCluster.applications" // KKP reads the switches for the catalog's charts here
)

// HelmSecretKey is the key of a Secret of the type kubernetes.io/dockerconfigjson.
const HelmSecretKey = ".dockerconfigjson"

// ConfigOptions are the mirror and the fields to set.
type ConfigOptions struct {
	Mirror     Mirror
	Release    *catalog.Release
	HelmSecret kkp.SecretKey // credentials for the charts in the mirror; an empty name: none
	PullSecret string        // new value of spec.imagePullSecret; "": not changed
	Selection  Selection
}

// ConfigPlan is the edits of the configuration and the Seeds.
type ConfigPlan struct {
	Objects []Object
	Omitted []Omission

	mirror   Mirror
	made     []madeSetting
	charts   bool     // the charts of applications come from the mirror
	rewrites bool     // overwriteRegistry is the mirror
	doubled  []string // repositories in the mirror that user clusters pull with its path twice
}

// madeSetting is a setting that makes KKP pull from the mirror: of a Seed, or "" for the
// configuration.
type madeSetting struct {
	catalog.Setting
	seed string
}

// Config computes the settings of the KubermaticConfiguration, and the settings of the Seeds
// for the same components. It fails if the selection names an unknown field.
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

// Rewrites reports whether overwriteRegistry is the mirror after the change.
func (p ConfigPlan) Rewrites() bool { return p.rewrites }

// configurator computes a ConfigPlan.
type configurator struct {
	inst kkp.Installation
	ConfigOptions
	overwrite string // the value of overwriteRegistry after the change
	plan      ConfigPlan
}

// settings are the repository settings of all releases in this edition; the API server
// knows which it has.
func (c *configurator) settings(object string) []catalog.Setting {
	var settings []catalog.Setting
	for _, s := range append(c.Release.AllSettings(), upcoming()...) {
		if s.Object == object && (s.Edition == "" || s.Edition == c.Release.Edition()) {
			settings = append(settings, s)
		}
	}
	return settings
}

// upcoming returns settings of a future KKP release (kubermatic pull request 16513).
func upcoming() []catalog.Setting {
	return []catalog.Setting{{
		Object: KindConfiguration, Field: "spec.util.dockerRepository", Components: []string{"seed-proxy", "kubeone"}, Repository: "quay.io/kubermatic/util",
	}}
}

// UpcomingNotes tell what to do for fields that this KKP lacks and a later one reads, and
// when.
func UpcomingNotes(lacking []apply.Path) []string {
	var notes []string
	for _, s := range upcoming() {
		if slices.ContainsFunc(lacking, func(path apply.Path) bool { return s.Field == path.String() }) {
			notes = append(notes, "a later KKP (kubermatic pull request 16513) has "+s.Field+", and "+strings.Join(s.Components, " and ")+
				" then use it in place of overwriteRegistry. Nothing can be set before that upgrade. During the upgrade, run patch-config again: after the new "+
				"CustomResourceDefinitions are installed, and before the new operator is, or they pull "+s.Repository+" from its source")
		}
	}
	return notes
}

// Upcoming tells whether a field is one that no release has yet, so that nobody misses it.
func Upcoming(path apply.Path) bool {
	return slices.ContainsFunc(upcoming(), func(s catalog.Setting) bool { return s.Field == path.String() })
}

// fields returns all fields that Config can set.
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

// configuration adds the edits of the KubermaticConfiguration.
func (c *configurator) configuration() {
	object := Object{Kind: KindConfiguration, Name: c.inst.Configuration.Name}
	for _, s := range c.settings(KindConfiguration) {
		object.Edits = append(object.Edits, c.repository(s, c.inst.Configuration.Field(s.Field), true, "")...)
	}
	if c.PullSecret != "" { // given by name, so no selection is needed
		object.Edits = append(object.Edits, apply.Edit{Path: apply.ParsePath(imagePullSecret), Value: c.PullSecret})
	}
	if rewrite := (apply.Edit{Path: apply.ParsePath(overwriteRegistry), Value: c.Mirror.String()}); c.Selection.Has(rewrite.Path) {
		object.Edits = append(object.Edits, rewrite)
	}
	object.Edits = append(object.Edits, c.charts()...)
	c.plan.Objects = append(c.plan.Objects, object)
}

// helm returns the edits of the fields that name the repository of application charts.
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
		if c.Mirror.PlainHTTP || c.inst.Configuration.Switch(at+".plainHTTP") {
			set(at+".plainHTTP", c.Mirror.PlainHTTP)
		}
		if c.Mirror.Insecure {
			set(at+".insecureSkipTLSVerify", true)
		}
	}
	return edits
}

// withoutTLS is why KKP cannot pull charts from a mirror that speaks plain HTTP: it writes
// the switch insecure, true or false, into every ApplicationDefinition that it makes, and
// its webhook forbids the switch beside plainHTTP (kubermatic
// pkg/applicationdefinitions/application_catalog.go and
// pkg/validation/application_definition.go, v2.30.0 to v2.31.0). Releases before have no
// field for plain HTTP.
const withoutTLS = "KKP cannot pull charts from a mirror without TLS: its webhook would refuse every ApplicationDefinition that KKP's operator writes, " +
	"so these fields stay as they are, and KKP pulls the charts from where it does now. Serve the mirror with TLS, and run patch-config again without --plain-http; " +
	"--insecure is for a certificate that KKP does not trust"

// charts works out the fields that lead to the charts of applications.
func (c *configurator) charts() []apply.Edit {
	var edits []apply.Edit
	for _, edit := range c.helm() {
		switch {
		case !c.Selection.Has(edit.Path):
		case c.Mirror.PlainHTTP:
			c.omit(Omission{Fields: []string{edit.Path.String()}, Reason: withoutTLS})
		default:
			edits = append(edits, edit)
			c.plan.charts = c.plan.charts || edit.Path.Within(apply.ParsePath(systemCharts+".helmRepository"))
		}
	}
	return edits
}

// seeds works out the fields of every Seed.
func (c *configurator) seeds() {
	for _, seed := range c.inst.Seeds {
		object := Object{Kind: KindSeed, Name: seed.Name}
		for _, s := range c.settings(KindSeed) {
			object.Edits = append(object.Edits, c.repository(s, seed.Field(s.Field), c.inst.Balanced(seed), seed.Name)...)
		}
		c.plan.Objects = append(c.plan.Objects, object)
	}
}

// secret marks the Secret for Helm.
func (c *configurator) secret() {
	if c.HelmSecret.Name == "" || c.Mirror.PlainHTTP {
		return
	}
	mark := apply.Edit{Path: apply.Path{"metadata", "annotations", kkp.SecretType}, Value: kkp.SecretTypeHelm}
	c.plan.Objects = append(c.plan.Objects, Object{Kind: KindSecret, Name: c.HelmSecret.Name, Edits: []apply.Edit{mark}})
}

// repository works out one repository field: of a Seed, or "" for the configuration.
func (c *configurator) repository(s catalog.Setting, current string, rewritable bool, seed string) []apply.Edit {
	where := ""
	if seed != "" {
		where = "Seed " + seed + " "
	}
	field := apply.ParsePath(s.Field)
	if !c.Selection.Has(field) {
		return nil
	}
	source := s.Repository
	if current != "" && path.Base(current) != path.Base(source) { // the installation uses its own build
		source = current
	}
	wanted, err := c.Mirror.repository(source)
	if err != nil {
		c.omit(Omission{Fields: []string{where + s.Field}, Reason: fmt.Sprintf("the value %q is not a repository: %v", current, err)})
		return nil
	}
	if source == current && strings.HasPrefix(current, c.Mirror.String()+"/") {
		wanted = current // the field already names the copy
	}
	decided := repositoryField{
		Setting: s, current: current, source: source, wanted: wanted, rewrites: s.OverwriteRegistry && rewritable, overwrite: c.overwrite, mirror: c.Mirror,
	}.decide()
	if decided.redirected {
		c.plan.made = append(c.plan.made, madeSetting{Setting: s, seed: seed})
	}
	if decided.doubled {
		c.plan.doubled = append(c.plan.doubled, wanted)
	}
	if decided.set == "" {
		c.omit(Omission{Fields: []string{where + s.Field}, Reason: decided.omitted, Covered: decided.redirected})
		return nil
	}
	return []apply.Edit{{Path: field, Value: decided.set}}
}

// omit adds fields that are not set to those with the same reason.
func (c *configurator) omit(fields Omission) {
	i := slices.IndexFunc(c.plan.Omitted, func(o Omission) bool { return o.Reason == fields.Reason })
	if i < 0 {
		c.plan.Omitted = append(c.plan.Omitted, fields)
		return
	}
	c.plan.Omitted[i].Fields = append(c.plan.Omitted[i].Fields, fields.Fields...)
}

// unusedFields returns fields that look like image settings but that KKP does not read.
func unusedFields() []string {
	return []string{"spec.defaultComponentSettings.nodePortProxyEnvoy.dockerRepository", "spec.applications.catalogManager.registrySettings.registryURL"}
}

// UnknownRepositories returns the fields of a kind whose name says that they hold a repository,
// and that Config does not set. Newer KKP releases have such fields.
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
