package admission

import (
	"strings"

	"k8s.io/apimachinery/pkg/util/validation/field"
)

// Definition is the part of an ApplicationDefinition that is looked at.
type Definition struct {
	Spec struct {
		Versions []struct {
			Template struct {
				Source struct {
					Helm *helmSource `json:"helm"`
				} `json:"source"`
			} `json:"template"`
		} `json:"versions"`
	} `json:"spec"`
}

type helmSource struct {
	URL       string `json:"url"`
	Insecure  *bool  `json:"insecure"`
	PlainHTTP *bool  `json:"plainHTTP"`
}

// Validate returns what KKP would refuse: also a switch insecure that is off, beside plain HTTP.
func (d *Definition) Validate() field.ErrorList {
	var errs field.ErrorList
	versions := field.NewPath("spec", "versions")
	for i, version := range d.Spec.Versions {
		helm, at := version.Template.Source.Helm, versions.Index(i).Child("template", "source", "helm")
		if helm == nil || helm.PlainHTTP == nil {
			continue
		}
		scheme, _, _ := strings.Cut(helm.URL, "://")
		switch {
		case scheme == "oci" && *helm.PlainHTTP && helm.Insecure != nil:
			errs = append(errs, field.Forbidden(at.Child("insecure"), "insecure flag can not be used with OCI URLs using HTTP"))
		case scheme == "https" && *helm.PlainHTTP:
			errs = append(errs, field.Forbidden(at.Child("plainHTTP"), "plainHTTP flag can not be enabled with https URLs"))
		case scheme == "http" && !*helm.PlainHTTP:
			errs = append(errs, field.Forbidden(at.Child("plainHTTP"), "plainHTTP flag can not be disabled with http URLs"))
		}
	}

	return errs
}
