// Package crds holds KKP's CustomResourceDefinitions as the sandbox needs them: the fields that decide about images,
// registries and charts, with KKP's own names, types and defaults. It knows schemas only, no objects.
package crds

import (
	"embed"
	"fmt"
	"io/fs"
	"os"

	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	"sigs.k8s.io/yaml"
)

//go:embed *.yaml older/*.yaml
var files embed.FS

// versionAnnotation is where KKP notes the release that a definition comes from.
const versionAnnotation = "app.kubernetes.io/version"

// All returns the definitions of a KKP release, such as "v2.31.0", in the order of their file names. The definitions are
// those of the newest release that is known; an older one differs by a file of its own.
func All(release string) ([]*apiextensionsv1.CustomResourceDefinition, error) {
	definitions, err := read(files)
	if err != nil {
		return nil, err
	}
	older, err := readChanges(release)
	if err != nil {
		return nil, err
	}
	for _, definition := range definitions {
		if definition.Annotations[versionAnnotation] != "" {
			definition.Annotations[versionAnnotation] = release
		}
		if err := older[definition.Name].apply(definition); err != nil {
			return nil, fmt.Errorf("the definition %s of KKP %s: %w", definition.Name, release, err)
		}
	}

	return definitions, nil
}

// Replaced returns the definitions with those that a directory has put in place of the ones with the same names.
func Replaced(definitions []*apiextensionsv1.CustomResourceDefinition, dir string) ([]*apiextensionsv1.CustomResourceDefinition, error) {
	others, err := read(os.DirFS(dir))
	if err != nil {
		return nil, err
	}
	if len(others) == 0 {
		return nil, fmt.Errorf("%s has no *.yaml files with definitions", dir)
	}
	byName := map[string]*apiextensionsv1.CustomResourceDefinition{}
	for _, other := range others {
		byName[other.Name] = other
	}
	result := make([]*apiextensionsv1.CustomResourceDefinition, 0, len(definitions))
	for _, definition := range definitions {
		if other, ok := byName[definition.Name]; ok {
			definition = other
		}
		result = append(result, definition)
	}

	return result, nil
}

// read returns the definitions in the *.yaml files of one directory, one in each.
func read(from fs.FS) ([]*apiextensionsv1.CustomResourceDefinition, error) {
	names, err := fs.Glob(from, "*.yaml")
	if err != nil {
		return nil, err
	}

	definitions := make([]*apiextensionsv1.CustomResourceDefinition, 0, len(names))
	for _, name := range names {
		data, err := fs.ReadFile(from, name)
		if err != nil {
			return nil, err
		}

		definition := &apiextensionsv1.CustomResourceDefinition{}
		if err := yaml.UnmarshalStrict(data, definition); err != nil {
			return nil, fmt.Errorf("reading the definition %s: %w", name, err)
		}
		definitions = append(definitions, definition)
	}

	return definitions, nil
}
