package kkp

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// Configuration is a KubermaticConfiguration (kubermatic.k8c.io/v1), with the fields that influence
// images. A field is empty where KKP uses its default.
type Configuration struct {
	Namespace string
	Name      string
	Spec      ConfigurationSpec
	Status    ConfigurationStatus

	object fields
}

// ConfigurationSpec is the part of the spec that influences images.
type ConfigurationSpec struct {
	FeatureGates   map[string]bool `json:"featureGates"`
	ExposeStrategy string          `json:"exposeStrategy"`
	MirrorImages   []string        `json:"mirrorImages"`
	SeedController struct {
		BackupStoreContainer  string `json:"backupStoreContainer"`  // a Container in YAML
		BackupDeleteContainer string `json:"backupDeleteContainer"` // a Container in YAML
	} `json:"seedController"`
	UserCluster struct {
		OverwriteRegistry string `json:"overwriteRegistry"`
		Addons            struct {
			Default          []string `json:"default"`
			DefaultManifests string   `json:"defaultManifests"` // a List of Addons in YAML
		} `json:"addons"`
		SystemApplications HelmRepository `json:"systemApplications"`
		Applications       HelmRepository `json:"applications"` // the default catalog; its address is below
	} `json:"userCluster"`
	Applications struct {
		SystemApplications struct {
			Disable      bool     `json:"disable"`
			Applications []string `json:"applications"` // none: all
		} `json:"systemApplications"`
		DefaultApplicationCatalog struct {
			Enable         bool     `json:"enable"`
			Applications   []string `json:"applications"` // none: all
			HelmRepository string   `json:"helmRepository"`
		} `json:"defaultApplicationCatalog"`
	} `json:"applications"` // since KKP 2.28
	API struct {
		AccessibleAddons []string `json:"accessibleAddons"` // addons that users can choose
	} `json:"api"`
	Versions struct {
		Versions []string `json:"versions"` // "v1.34.9"
		Default  string   `json:"default"`
	} `json:"versions"`
}

// HelmRepository is a setting for the repository of application charts.
type HelmRepository struct {
	HelmRepository string `json:"helmRepository"` // with or without oci://
	Insecure       bool   `json:"insecureSkipTLSVerify"`
	PlainHTTP      bool   `json:"plainHTTP"`
}

// ConfigurationStatus is the status, with the installed version and edition.
type ConfigurationStatus struct {
	KubermaticVersion string `json:"kubermaticVersion"`
	KubermaticEdition string `json:"kubermaticEdition"`
}

// Field returns the text of a field by its path ("spec.api.dockerRepository"), or ""
// if it is not set.
func (c Configuration) Field(path string) string { return c.object.text(path) }

// Switch returns a boolean field by its path, false if it is not there.
func (c Configuration) Switch(path string) bool {
	on, _, err := unstructured.NestedBool(c.object, strings.Split(path, ".")...)
	return err == nil && on
}

// fields are the fields of an object, as they came from the API or a file.
type fields map[string]any

// text returns a string field by its path, "" if it is not set.
func (f fields) text(path string) string {
	text, _, err := unstructured.NestedString(f, strings.Split(path, ".")...)
	if err != nil {
		return ""
	}
	return text
}

func configurationFrom(obj *unstructured.Unstructured) (Configuration, error) {
	var view struct {
		Spec   ConfigurationSpec   `json:"spec"`
		Status ConfigurationStatus `json:"status"`
	}
	err := decode(obj, &view)
	return Configuration{Namespace: obj.GetNamespace(), Name: obj.GetName(), Spec: view.Spec, Status: view.Status, object: obj.Object}, err
}

// decode fills a view from an object. The error names the object and the field.
func decode(obj *unstructured.Unstructured, view any) error {
	data, err := json.Marshal(obj.Object)
	if err == nil {
		err = json.Unmarshal(data, view)
	}
	var wrong *json.UnmarshalTypeError
	if errors.As(err, &wrong) {
		err = fmt.Errorf("%s is of type %s, expected %s", wrong.Field, wrong.Value, wrong.Type)
	}
	if err != nil {
		return fmt.Errorf("%s %s: %w", obj.GetKind(), objectName(obj), err)
	}
	return nil
}

func objectName(obj *unstructured.Unstructured) string {
	if obj.GetNamespace() == "" {
		return obj.GetName()
	}
	return obj.GetNamespace() + "/" + obj.GetName()
}
