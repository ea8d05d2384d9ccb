package crds_test

import (
	"context"
	"testing"

	"k8s.io/apiextensions-apiserver/pkg/apis/apiextensions"
	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	"k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/validation"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema/pruning"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/kkp-mirror/kubectl-kkp_mirror/test/sandbox/crds"
)

func TestDefinitionsAreValidAndStructural(t *testing.T) {
	for _, definition := range all(t) {
		t.Run(definition.Name, func(t *testing.T) {
			apiextensionsv1.SetDefaults_CustomResourceDefinition(definition)
			apiextensionsv1.SetDefaults_CustomResourceDefinitionSpec(&definition.Spec)
			internal := &apiextensions.CustomResourceDefinition{}
			if err := apiextensionsv1.Convert_v1_CustomResourceDefinition_To_apiextensions_CustomResourceDefinition(definition, internal, nil); err != nil {
				t.Fatal(err)
			}
			// The API server sets this when it stores the definition.
			internal.Status.StoredVersions = []string{"v1"}
			if errs := validation.ValidateCustomResourceDefinition(context.Background(), internal); len(errs) > 0 {
				t.Error(errs.ToAggregate())
			}
			if internal.Spec.PreserveUnknownFields != nil && *internal.Spec.PreserveUnknownFields {
				t.Error("unknown fields are preserved")
			}
		})
	}
}

func TestPruning(t *testing.T) {
	nested := unstructured.NestedFieldNoCopy
	for _, test := range []struct {
		name, definition string
		object           map[string]any
		kept, pruned     []string
	}{
		{
			name:       "a field of a newer KKP",
			definition: "kubermaticconfigurations.kubermatic.k8c.io",
			object:     map[string]any{"spec": map[string]any{"util": map[string]any{}, "imagePullSecret": "{}"}},
			kept:       []string{"spec", "imagePullSecret"},
			pruned:     []string{"spec", "util"},
		},
		{
			name:       "snake case of an older KKP",
			definition: "seeds.kubermatic.k8c.io",
			object: map[string]any{"spec": map[string]any{"datacenters": map[string]any{"one": map[string]any{
				"node": map[string]any{"pause_image": "a", "pauseImage": "b"},
			}}}},
			kept:   []string{"spec", "datacenters", "one", "node", "pauseImage"},
			pruned: []string{"spec", "datacenters", "one", "node", "pause_image"},
		},
		{
			name:       "variables of an addon are free",
			definition: "addons.kubermatic.k8c.io",
			object:     map[string]any{"spec": map[string]any{"variables": map[string]any{"any": "thing"}, "other": "thing"}},
			kept:       []string{"spec", "variables", "any"},
			pruned:     []string{"spec", "other"},
		},
		{
			name:       "values of an application are free",
			definition: "applicationdefinitions.apps.kubermatic.k8c.io",
			object:     map[string]any{"spec": map[string]any{"defaultValues": map[string]any{"any": "thing"}, "other": "thing"}},
			kept:       []string{"spec", "defaultValues", "any"},
			pruned:     []string{"spec", "other"},
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			pruning.Prune(test.object, structural(t, test.definition), true)
			if _, found, _ := nested(test.object, test.kept...); !found {
				t.Errorf("%v was pruned", test.kept)
			}
			if _, found, _ := nested(test.object, test.pruned...); found {
				t.Errorf("%v was kept", test.pruned)
			}
		})
	}
}

func structural(t *testing.T, name string) *schema.Structural {
	t.Helper()
	for _, definition := range all(t) {
		if definition.Name != name {
			continue
		}
		internal := &apiextensions.JSONSchemaProps{}
		source := definition.Spec.Versions[0].Schema.OpenAPIV3Schema
		if err := apiextensionsv1.Convert_v1_JSONSchemaProps_To_apiextensions_JSONSchemaProps(source, internal, nil); err != nil {
			t.Fatal(err)
		}
		result, err := schema.NewStructural(internal)
		if err != nil {
			t.Fatal(err)
		}
		return result
	}
	t.Fatalf("there is no definition %s", name)

	return nil
}

func all(t *testing.T) []*apiextensionsv1.CustomResourceDefinition {
	t.Helper()
	definitions, err := crds.All()
	if err != nil {
		t.Fatal(err)
	}
	if len(definitions) != 6 {
		t.Fatalf("got %d definitions", len(definitions))
	}

	return definitions
}
