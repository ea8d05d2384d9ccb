package catalog

import (
	"cmp"
	"slices"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/catalog/data"
)

// Application is an application for user clusters that a release ships.
type Application struct {
	Name string
	// System is true if every installation has the application, unless an admin disables it. Other
	// applications are in the default application catalog, which an admin enables.
	System bool
	// Features are the features with which KKP installs an application of the catalog itself; all
	// must be on. None: KKP never does.
	Features []string
	// Repository is the repository of its charts: "oci://quay.io/kubermatic-mirror/helm-charts".
	Repository string
	// Chart is the name of the chart below the repository.
	Chart string
	// Values are the default values: YAML, in which KKP renders templates.
	Values string
	// Versions are in ascending order.
	Versions []ApplicationVersion
}

// ApplicationVersion is a version of an application with the version of its chart.
type ApplicationVersion struct{ Version, Chart string }

// Applications returns the applications that the release ships: first system applications, each
// group sorted by name.
func (r *Release) Applications() []Application {
	var applications []Application
	for _, a := range r.file.Applications {
		defaults, versions := r.file.ActiveDefaults(a, r.index, string(r.edition))
		if len(versions) == 0 {
			continue
		}
		application := Application{
			Name: a.Name, System: a.Source == data.SourceSystem, Features: slices.Clone(a.Features),
			Repository: defaults.Repository, Chart: a.Chart, Values: defaults.Values,
		}
		for _, version := range versions {
			application.Versions = append(application.Versions, ApplicationVersion{version.Version, cmp.Or(version.Chart, version.Version)})
		}
		applications = append(applications, application)
	}
	return applications
}

// ShippedValues returns the default values of an application in all supported releases, each once.
func ShippedValues(application string) []string {
	minors, err := data.Minors()
	if err != nil {
		return nil
	}
	var values []string
	for _, minor := range minors {
		file, err := data.Load(minor)
		if err != nil {
			continue
		}
		for _, a := range file.Applications {
			for _, defaults := range a.Defaults {
				if a.Name == application && !slices.Contains(values, defaults.Values) {
					values = append(values, defaults.Values)
				}
			}
		}
	}
	return values
}
