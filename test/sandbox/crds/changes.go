package crds

import (
	"errors"
	"fmt"
	"io/fs"
	"strings"

	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	"sigs.k8s.io/yaml"
)

// changes are what an older release has otherwise than the newest. A field is named by its path from the top of the
// schema, with dots between the names and * for any key of a map.
type changes struct {
	// PlainStatus says that the status is a field like any other, and no subresource.
	PlainStatus bool `json:"plainStatus"`
	// Absent are fields that it has not.
	Absent []string `json:"absent"`
	// Present are fields that it has with another schema, or that only it has.
	Present map[string]apiextensionsv1.JSONSchemaProps `json:"present"`
}

// readChanges returns the changes for each definition, by its name: none for a release without a file.
func readChanges(release string) (map[string]changes, error) {
	parts := strings.SplitN(release, ".", 3)
	if len(parts) < 2 {
		return nil, fmt.Errorf("%q is no KKP release, such as v2.31.0", release)
	}
	name := "older/" + parts[0] + "." + parts[1] + ".yaml"
	data, err := files.ReadFile(name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	result := map[string]changes{}
	if err := yaml.UnmarshalStrict(data, &result); err != nil {
		return nil, fmt.Errorf("reading %s: %w", name, err)
	}

	return result, nil
}

// apply changes the schema of every version. A field to take away must be there.
func (c changes) apply(definition *apiextensionsv1.CustomResourceDefinition) error {
	for i, version := range definition.Spec.Versions {
		if c.PlainStatus {
			definition.Spec.Versions[i].Subresources = nil
		}
		for _, path := range c.Absent {
			parent, name, err := find(version.Schema.OpenAPIV3Schema, path)
			if err != nil {
				return err
			}
			if _, ok := parent.Properties[name]; !ok {
				return fmt.Errorf("there is no field %s to take away", path)
			}
			delete(parent.Properties, name)
		}
		for path, schema := range c.Present {
			parent, name, err := find(version.Schema.OpenAPIV3Schema, path)
			if err != nil {
				return err
			}
			parent.Properties[name] = schema
		}
	}

	return nil
}

// find returns the schema of the object that a field is in, and the field's name there.
func find(schema *apiextensionsv1.JSONSchemaProps, path string) (*apiextensionsv1.JSONSchemaProps, string, error) {
	name, rest, more := strings.Cut(path, ".")
	switch {
	case !more && schema.Properties != nil:
		return schema, name, nil
	case more && name == "*" && schema.AdditionalProperties != nil:
		return find(schema.AdditionalProperties.Schema, rest)
	}
	if child, ok := schema.Properties[name]; ok && more {
		return find(&child, rest) // it shares its maps with the original
	}

	return nil, "", fmt.Errorf("there is no object for the field %s", path)
}
