// Package appvalues renders the default values of applications, which are templates, as KKP does
// for a user cluster. The templates are not trusted, and this package does not bound their time and
// memory: a worker does (see Request). It must not know which applications exist.
package appvalues

import (
	"bytes"
	"fmt"
	"text/template"

	"sigs.k8s.io/yaml"
)

// Request asks for a rendering. It is plain data, for a worker that bounds time and memory.
type Request struct {
	Values  map[string]any `json:"values"` // the default values
	Cluster Cluster        `json:"cluster"`
}

// Cluster is the data for templates (kubermatic pkg/applications/providers/template, v2.31.0). Only
// the versions influence images.
type Cluster struct {
	Name, HumanReadableName, OwnerEmail           string
	Address                                       map[string]any
	Version, MajorMinorVersion, AutoscalerVersion string
	Annotations, Labels                           map[string]string
}

// Render returns the values for a cluster.
func Render(q Request) (map[string]any, error) {
	text, err := yaml.Marshal(q.Values)
	if err != nil {
		return nil, err
	}
	parsed, err := template.New("default values").Parse(string(text))
	if err != nil {
		return nil, err
	}
	var rendered bytes.Buffer
	if err := parsed.Execute(&rendered, struct{ Cluster Cluster }{q.Cluster}); err != nil {
		return nil, err
	}
	values := map[string]any{}
	if err := yaml.Unmarshal(rendered.Bytes(), &values); err != nil {
		return nil, fmt.Errorf("default values: %w", err)
	}
	return values, nil
}
