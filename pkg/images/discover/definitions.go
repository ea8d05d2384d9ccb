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

// cilium is the name of the application for the CNI cilium.
const cilium = "cilium"

// definition is an application for user clusters.
type definition struct {
	kkp.Application
	shipped bool                     // the planned release ships the application
	earlier []kkp.ApplicationVersion // versions of the live definition that the planned release does not ship
}

// definitions returns the applications that the planned release ships and the configuration
// enables, and the live ApplicationDefinitions that KKP does not manage. ApplicationDefinitions
// that KKP manages come from the release, because an upgrade changes them.
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

// manages reports whether KKP creates the ApplicationDefinition of an application that the release
// ships.
func (f *finder) manages(app catalog.Application) bool {
	spec := f.inst.Configuration.Spec.Applications
	names, on := spec.DefaultApplicationCatalog.Applications, spec.DefaultApplicationCatalog.Enable
	switch {
	case app.System:
		names, on = spec.SystemApplications.Applications, !spec.SystemApplications.Disable
	case f.externalCatalog():
		names, on = nil, true // replaces the default catalog
	}
	return on && (len(names) == 0 || slices.Contains(names, app.Name)) || f.installsItself(app)
}

func (f *finder) externalCatalog() bool {
	return f.inst.Configuration.Spec.FeatureGates["ExternalApplicationCatalogManager"]
}

// installsItself reports whether KKP installs an application because of a feature that is on in a
// user cluster.
func (f *finder) installsItself(app catalog.Application) bool {
	return len(app.Features) > 0 && slices.ContainsFunc(f.scopes, func(s scope) bool {
		return s.cluster != master && !slices.ContainsFunc(app.Features, func(feature string) bool { return s.features != nil && !s.features[feature] })
	})
}

// shipped returns the definition of an application that the release ships, merged with the live
// definition. KKP keeps default values that an admin has changed for system applications, and
// overwrites them for applications of the catalog (kubermatic pkg/applicationdefinitions, v2.31.0).
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

// edited reports whether an admin has changed the default values of an application: no release has
// these values.
func edited(app kkp.Application) bool {
	if len(app.Values) == 0 {
		return false
	}
	return !slices.ContainsFunc(catalog.ShippedValues(app.Name), func(text string) bool {
		var values map[string]any
		return yaml.Unmarshal([]byte(text), &values) == nil && reflect.DeepEqual(values, app.Values)
	})
}

// chartSource returns the repository from which the installation pulls the charts of an
// application; with IgnoreOverrides, the upstream repository.
func (f *finder) chartSource(app catalog.Application) kkp.ChartSource {
	source := kkp.ChartSource{URL: app.Repository, Name: app.Chart}
	setting := f.helmRepositories()[0]
	if !app.System {
		setting = f.helmRepositories()[1]
	}
	switch {
	case setting.address == "":
	case f.opts.IgnoreOverrides:
		f.Note(fmt.Sprintf("the list has upstream names for the charts of applications, regardless of %s", setting.field))
	default:
		source.URL, source.Insecure, source.PlainHTTP = setting.address, setting.Insecure, setting.PlainHTTP
	}
	return source
}

// withAccess adds the credentials and TLS options of the live definition for the same repository.
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

// helmRepository is a setting for the repository of charts.
type helmRepository struct {
	kkp.HelmRepository
	field   string
	address string // with oci://, "" if not set
}

// helmRepositories returns the settings for system applications and for the catalog.
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
