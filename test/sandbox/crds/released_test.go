package crds_test

import (
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"

	"github.com/kkp-mirror/kubectl-kkp_mirror/test/sandbox/crds"
)

// The sandbox has a part of KKP's schemas, but what it has is as KKP has it, and of the fields that say where something
// comes from, it has all. $KKP_CRDS is a directory with a directory of KKP's definitions for each release.
func TestAsReleased(t *testing.T) {
	root := os.Getenv("KKP_CRDS")
	if root == "" {
		root = filepath.Join("..", "..", "..", "..", "shared", "kkp", "crds")
	}
	for _, release := range releases() {
		t.Run(release, func(t *testing.T) {
			dir := filepath.Join(root, release)
			if _, err := os.Stat(dir); err != nil {
				t.Skipf("KKP_CRDS does not name a directory with KKP's definitions: %v", err)
			}
			own := all(t, release)
			released, err := crds.Replaced(own, dir)
			if err != nil {
				t.Fatal(err)
			}
			compared := 0
			for i, definition := range own {
				if definition == released[i] {
					continue // KKP's definitions do not have it
				}
				compared++
				compareFields(t, definition, released[i])
			}
			if compared < 6 {
				t.Errorf("only %d definitions were compared", compared)
			}
		})
	}
}

func compareFields(t *testing.T, own, released *apiextensionsv1.CustomResourceDefinition) {
	t.Helper()
	if own.Spec.Names.Kind != released.Spec.Names.Kind || own.Spec.Scope != released.Spec.Scope {
		t.Errorf("%s: %s %s, KKP has %s %s", own.Name, own.Spec.Names.Kind, own.Spec.Scope, released.Spec.Names.Kind, released.Spec.Scope)
	}
	if got, want := hasStatus(own), hasStatus(released); got != want {
		t.Errorf("%s: the status is a subresource: %t, in KKP: %t", own.Name, got, want)
	}
	here, there := fields(own), fields(released)
	for _, path := range slices.Sorted(maps.Keys(here)) {
		theirs, ok := there[path]
		if !ok {
			t.Errorf("%s: KKP has no field %s", own.Name, path)
			continue
		}
		if got, want := traits(here[path]), traits(theirs); !reflect.DeepEqual(got, want) {
			t.Errorf("%s: %s is %v, KKP has %v", own.Name, path, got, want)
		}
	}
	for _, path := range slices.Sorted(maps.Keys(there)) {
		if _, ok := here[path]; !ok && matters(path) {
			t.Errorf("%s: field %s of KKP is missing", own.Name, path)
		}
	}
}

func hasStatus(definition *apiextensionsv1.CustomResourceDefinition) bool {
	subresources := definition.Spec.Versions[0].Subresources
	return subresources != nil && subresources.Status != nil
}

// matters says whether a field decides where images and charts come from, or how nodes get there.
func matters(path string) bool {
	for _, other := range []string{".status.", ".extraVolumes", "nodePortsAllowedIPRange", "apiServerAllowedIPRanges", ".konnectivityProxy"} {
		if strings.Contains(path, other) {
			return false
		}
	}
	name := path[strings.LastIndex(path, ".")+1:]
	return regexp.MustCompile(`(?i)repositor|registr|mirror|dockertag|imagetag|pullsecret|image$|^images$|proxy$|insecure|plainhttp|helm|cidrblocks`).MatchString(name)
}

// traits are the parts of a schema that decide what is accepted and what is kept. Patterns are left to KKP.
func traits(s *apiextensionsv1.JSONSchemaProps) []any {
	var constants []string
	for _, value := range s.Enum {
		constants = append(constants, string(value.Raw))
	}
	preset := ""
	if s.Default != nil {
		preset = string(s.Default.Raw)
	}
	kept := s.XPreserveUnknownFields != nil && *s.XPreserveUnknownFields
	atomic := s.XMapType != nil && *s.XMapType == "atomic"
	required := slices.Sorted(slices.Values(s.Required))

	return []any{s.Type, s.Format, constants, preset, kept, atomic, required, s.XListType}
}

// fields returns the schema of every field by its path.
func fields(definition *apiextensionsv1.CustomResourceDefinition) map[string]*apiextensionsv1.JSONSchemaProps {
	found := map[string]*apiextensionsv1.JSONSchemaProps{}
	var walk func(path string, s *apiextensionsv1.JSONSchemaProps)
	walk = func(path string, s *apiextensionsv1.JSONSchemaProps) {
		if path != "" {
			found[path] = s
		}
		for name, child := range s.Properties {
			walk(path+"."+name, &child)
		}
		if s.AdditionalProperties != nil && s.AdditionalProperties.Schema != nil {
			walk(path+".*", s.AdditionalProperties.Schema)
		}
		if s.Items != nil && s.Items.Schema != nil {
			walk(path+"[]", s.Items.Schema)
		}
	}
	walk("", definition.Spec.Versions[0].Schema.OpenAPIV3Schema)

	return found
}
