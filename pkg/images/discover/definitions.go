package discover

import (
	"cmp"
	"fmt"
	"reflect"
	"slices"
	"strings"

	"sigs.k8s.io/yaml"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/catalog"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/kkp"
)

// cilium is the application that is a CNI.
const cilium = "cilium"

// definition is an application that user clusters can have.
type definition struct {
	kkp.Application
	shipped bool                     // with the planned release
	earlier []kkp.ApplicationVersion // of the live definition, which the planned release does not ship
}

// definitions are what the planned release ships, as the configuration has it, and the
// live ApplicationDefinitions of others. Those that KKP makes itself are not read from
// the installation, because an upgrade changes them.
func (f *finder) definitions() []definition {
	live := map[string]kkp.Application{}
	for _, app := range f.inst.Applications.Definitions {
		live[app.Name] = app
	}
	var all []definition
	for _, app := range f.release.Applications() {
		managed := f.manages(app)
		if !managed && !f.opts.All {
			continue
		}
		var current kkp.Application
		if managed {
			current = live[app.Name]
			delete(live, app.Name)
		}
		all = append(all, f.shipped(app, current))
	}
	for _, app := range f.inst.Applications.Definitions {
		if _, ok := live[app.Name]; ok {
			all = append(all, definition{Application: app})
		}
	}
	if f.externalCatalog() && !f.inst.Live {
		f.Note("featureGates.ExternalApplicationCatalogManager is on: of its ApplicationCatalogs, only what KKP ships is known without a live installation")
	}
	return all
}

// manages reports whether KKP makes the ApplicationDefinition of an application that the
// release ships.
func (f *finder) manages(app catalog.Application) bool {
	spec := f.inst.Configuration.Spec.Applications
	names, on := spec.DefaultApplicationCatalog.Applications, spec.DefaultApplicationCatalog.Enable
	switch {
	case app.System:
		names, on = spec.SystemApplications.Applications, !spec.SystemApplications.Disable
	case f.externalCatalog():
		names, on = nil, true // it takes the place of the default one
	}
	return on && (len(names) == 0 || slices.Contains(names, app.Name)) || f.installsItself(app)
}

func (f *finder) externalCatalog() bool {
	return f.inst.Configuration.Spec.FeatureGates["ExternalApplicationCatalogManager"]
}

// installsItself reports whether KKP installs an application into user clusters for a
// feature that is on in any of them.
func (f *finder) installsItself(app catalog.Application) bool {
	return len(app.Features) > 0 && slices.ContainsFunc(f.scopes, func(s scope) bool {
		return s.cluster != master && !slices.ContainsFunc(app.Features, func(feature string) bool { return s.features != nil && !s.features[feature] })
	})
}

// shipped makes a definition of what the release ships, and of the live one if there is
// one: KKP keeps the default values of its system's applications if an admin has changed
// them, and overwrites those of the catalog's (kubermatic pkg/applicationdefinitions,
// v2.31.0).
func (f *finder) shipped(app catalog.Application, live kkp.Application) definition {
	def := definition{shipped: true, Application: kkp.Application{Name: app.Name, System: app.System, DefaultVersion: live.DefaultVersion}}
	if err := yaml.Unmarshal([]byte(app.Values), &def.Values); err != nil {
		f.Gap(Applications, "application "+app.Name, fmt.Errorf("its default values: %w", err))
	}
	if app.System && edited(live) {
		def.Values = live.Values
	}
	source := f.withAccess(f.chartSource(app), live)
	for _, version := range app.Versions {
		source.Version = version.Chart
		def.Versions = append(def.Versions, kkp.ApplicationVersion{Version: version.Version, Chart: source})
	}
	has := func(name string) bool {
		return slices.ContainsFunc(def.Versions, func(v kkp.ApplicationVersion) bool { return sameVersion(v.Version, name) })
	}
	for _, version := range live.Versions {
		if !has(version.Version) {
			def.earlier = append(def.earlier, version)
		}
	}
	switch {
	case app.System && app.Name == cilium:
		def.DefaultVersion = f.release.DefaultCNIVersion(cilium)
	case !has(def.DefaultVersion):
		def.DefaultVersion = app.Versions[len(app.Versions)-1].Version
	}
	return def
}

// edited reports whether an admin has changed the default values of an application: they
// are not those of any release.
func edited(app kkp.Application) bool {
	if len(app.Values) == 0 {
		return false
	}
	return !slices.ContainsFunc(catalog.ShippedValues(app.Name), func(text string) bool {
		var values map[string]any
		return yaml.Unmarshal([]byte(text), &values) == nil && reflect.DeepEqual(values, app.Values)
	})
}

// chartSource is where the installation gets the charts of an application, or, if the
// settings are to be ignored, where they come from.
func (f *finder) chartSource(app catalog.Application) kkp.ChartSource {
	source := kkp.ChartSource{URL: app.Repository, Name: app.Chart}
	setting := f.helmRepositories()[0]
	if !app.System {
		setting = f.helmRepositories()[1]
	}
	switch {
	case setting.address == "":
	case f.opts.IgnoreOverrides:
		f.Note(fmt.Sprintf("upstream names are listed for the charts of applications, whatever %s is set to", setting.field))
	default:
		source.URL, source.Insecure, source.PlainHTTP = setting.address, setting.Insecure, setting.PlainHTTP
	}
	return source
}

// withAccess adds what a live definition says about access to the same repository.
func (f *finder) withAccess(source kkp.ChartSource, live kkp.Application) kkp.ChartSource {
	for _, version := range live.Versions {
		if version.Chart.URL == source.URL {
			access := version.Chart
			access.Name = source.Name
			return access
		}
	}
	return source
}

// helmRepository is a setting of where charts are.
type helmRepository struct {
	kkp.HelmRepository
	field   string
	address string // with oci://, "" if it is not set
}

// helmRepositories are the settings for the system's applications, and for the catalog's.
func (f *finder) helmRepositories() [2]helmRepository {
	spec := f.inst.Configuration.Spec
	settings := [2]helmRepository{
		{spec.UserCluster.SystemApplications, "spec.userCluster.systemApplications.helmRepository", ""},
		{spec.UserCluster.Applications, "spec.applications.defaultApplicationCatalog.helmRepository", ""},
	}
	settings[1].HelmRepository.HelmRepository = cmp.Or(spec.Applications.DefaultApplicationCatalog.HelmRepository)
	for i, setting := range settings {
		if repository := setting.HelmRepository.HelmRepository; repository != "" {
			settings[i].address = "oci://" + strings.TrimPrefix(repository, "oci://")
		}
	}
	return settings
}

func sameVersion(a, b string) bool { return strings.TrimPrefix(a, "v") == strings.TrimPrefix(b, "v") }
