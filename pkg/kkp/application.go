package kkp

import (
	"encoding/json"
	"errors"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/yaml"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/bounded/yamlbound"
)

// Applications are the applications that can be installed in user clusters, and the installed ones.
type Applications struct {
	Definitions          []Application
	Installations        []Installed
	InstallationsUnknown error // error of reading Installations; nil: Installations are complete
}

// Installed is an application version that is installed in a user cluster
// (ApplicationInstallation, apps.kubermatic.k8c.io/v1).
type Installed struct {
	Name    string
	Version string
}

// Application is an ApplicationDefinition (apps.kubermatic.k8c.io/v1).
type Application struct {
	Name           string
	System         bool // KKP installs the application itself: cilium, cluster-autoscaler
	DefaultVersion string
	Values         map[string]any // default values, which are templates
	Versions       []ApplicationVersion
}

// ApplicationVersion is a version of an application with the location of its chart.
type ApplicationVersion struct {
	Version string
	Chart   ChartSource
	Git     string // Git repository of the chart, instead of Chart
}

// ChartSource is the location of a chart.
type ChartSource struct {
	URL         string // of the repository: http://…, https://…, oci://…
	Name        string
	Version     string
	Insecure    bool // do not verify TLS certificates
	PlainHTTP   bool
	Credentials Credentials
}

// Credentials are the credentials for the host of a chart repository.
type Credentials struct {
	Username, Password string
	RegistryConfig     []byte // docker's config.json
	keys               credentialKeys
}

// String keeps credentials out of messages.
func (Credentials) String() string { return "credentials" }

// credentialKeys are the references to the Secrets with credentials.
type credentialKeys struct {
	Username           *secretRef `json:"username"`
	Password           *secretRef `json:"password"`
	RegistryConfigFile *secretRef `json:"registryConfigFile"`
}

type secretRef struct {
	Name string `json:"name"`
	Key  string `json:"key"`
}

// applicationView is the part of an ApplicationDefinition that is read.
type applicationView struct {
	Spec struct {
		DefaultVersion     string          `json:"defaultVersion"`
		DefaultValues      json.RawMessage `json:"defaultValues"`
		DefaultValuesBlock string          `json:"defaultValuesBlock"`
		Versions           []struct {
			Version  string `json:"version"`
			Template struct {
				Source struct {
					Helm *struct {
						URL          string         `json:"url"`
						ChartName    string         `json:"chartName"`
						ChartVersion string         `json:"chartVersion"`
						Insecure     bool           `json:"insecure"`
						PlainHTTP    bool           `json:"plainHTTP"`
						Credentials  credentialKeys `json:"credentials"`
					} `json:"helm"`
					Git *struct {
						Remote string `json:"remote"`
					} `json:"git"`
				} `json:"source"`
			} `json:"template"`
		} `json:"versions"`
	} `json:"spec"`
}

// managedByLabel marks the ApplicationDefinitions that KKP manages (kubermatic
// pkg/applicationdefinitions, v2.31.0).
const managedByLabel = "apps.kubermatic.k8c.io/managed-by"

func applicationFrom(obj *unstructured.Unstructured) (Application, error) {
	var view applicationView
	if err := decode(obj, &view); err != nil {
		return Application{}, err
	}
	app := Application{Name: obj.GetName(), System: obj.GetLabels()[managedByLabel] == "kkp", DefaultVersion: view.Spec.DefaultVersion}
	values := []byte(view.Spec.DefaultValuesBlock)
	if len(values) == 0 {
		values = view.Spec.DefaultValues
	}
	err := yamlbound.Check(values)
	if err == nil {
		err = yaml.Unmarshal(values, &app.Values)
	}
	if err != nil {
		return Application{}, &objectError{obj.GetKind(), objectName(obj), "its default values", err}
	}
	for _, version := range view.Spec.Versions {
		found := ApplicationVersion{Version: version.Version}
		switch source := version.Template.Source; {
		case source.Helm != nil:
			found.Chart = ChartSource{
				URL: source.Helm.URL, Name: source.Helm.ChartName, Version: source.Helm.ChartVersion,
				Insecure: source.Helm.Insecure, PlainHTTP: source.Helm.PlainHTTP, Credentials: Credentials{keys: source.Helm.Credentials},
			}
		case source.Git != nil:
			found.Git = source.Git.Remote
		}
		app.Versions = append(app.Versions, found)
	}
	return app, nil
}

func installedFrom(obj *unstructured.Unstructured) (Installed, error) {
	var view struct {
		Spec struct {
			ApplicationRef struct {
				Name    string `json:"name"`
				Version string `json:"version"`
			} `json:"applicationRef"`
		} `json:"spec"`
	}
	err := decode(obj, &view)
	return Installed{Name: view.Spec.ApplicationRef.Name, Version: view.Spec.ApplicationRef.Version}, err
}

// objectError is an error in a part of an object.
type objectError struct {
	kind, name, what string
	err              error
}

func (e *objectError) Error() string {
	return e.kind + " " + e.name + ": " + e.what + ": " + e.err.Error()
}

// Unwrap returns the error of the part.
func (e *objectError) Unwrap() error { return e.err }

// applicationsFrom returns the applications of objects from files.
func applicationsFrom(definitions, installations []*unstructured.Unstructured) (Applications, error) {
	var apps Applications
	var failures [2]error
	apps.Definitions, failures[0] = convert(definitions, applicationFrom)
	apps.Installations, failures[1] = convert(installations, installedFrom)
	if len(installations) == 0 {
		apps.InstallationsUnknown = errors.New("the files hold no ApplicationInstallations")
	}
	return apps, errors.Join(failures[:]...)
}
