package crds_test

import (
	"cmp"
	"context"
	"os"
	"path/filepath"
	"slices"
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
	for _, definition := range slices.Concat(all(t, "v2.28.13"), all(t, "v2.31.0")) {
		t.Run(definition.Name+" "+definition.Annotations["app.kubernetes.io/version"], func(t *testing.T) {
			apiextensionsv1.SetDefaults_CustomResourceDefinition(definition)
			apiextensionsv1.SetDefaults_CustomResourceDefinitionSpec(&definition.Spec)
			internal := &apiextensions.CustomResourceDefinition{}
			if err := apiextensionsv1.Convert_v1_CustomResourceDefinition_To_apiextensions_CustomResourceDefinition(definition, internal, nil); err != nil {
				t.Fatal(err)
			}
			// The API server sets this when it stores the definition.
			internal.Status.StoredVersions = []string{internal.Spec.Versions[0].Name}
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
		name, release, definition string
		object                    map[string]any
		kept, pruned              []string
	}{
		{
			name:       "a field that is newer than KKP 2.28",
			release:    "v2.28.13",
			definition: "kubermaticconfigurations.kubermatic.k8c.io",
			object: map[string]any{"spec": map[string]any{"userCluster": map[string]any{"systemApplications": map[string]any{
				"helmRepository": "a", "plainHTTP": true,
			}}}},
			kept:   []string{"spec", "userCluster", "systemApplications", "helmRepository"},
			pruned: []string{"spec", "userCluster", "systemApplications", "plainHTTP"},
		},
		{
			name:       "a provider that was dropped after KKP 2.28",
			definition: "clusters.kubermatic.k8c.io",
			object: map[string]any{"spec": map[string]any{
				"containerRuntimeOpts": map[string]any{"pauseImage": "a"}, "cloud": map[string]any{"packet": map[string]any{}},
			}},
			kept:   []string{"spec", "containerRuntimeOpts", "pauseImage"},
			pruned: []string{"spec", "cloud", "packet"},
		},
		{
			name:       "settings of one cluster's container runtime are newer than KKP 2.28",
			release:    "v2.28.13",
			definition: "clusters.kubermatic.k8c.io",
			object: map[string]any{"spec": map[string]any{
				"containerRuntimeOpts": map[string]any{"pauseImage": "a"}, "cloud": map[string]any{"packet": map[string]any{"projectID": "a"}},
			}},
			kept:   []string{"spec", "cloud", "packet", "projectID"},
			pruned: []string{"spec", "containerRuntimeOpts"},
		},
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
			pruning.Prune(test.object, structural(t, cmp.Or(test.release, "v2.31.0"), test.definition), true)
			if _, found, _ := nested(test.object, test.kept...); !found {
				t.Errorf("%v was pruned", test.kept)
			}
			if _, found, _ := nested(test.object, test.pruned...); found {
				t.Errorf("%v was kept", test.pruned)
			}
		})
	}
}

func structural(t *testing.T, release, name string) *schema.Structural {
	t.Helper()
	for _, definition := range all(t, release) {
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

// A definition from a directory takes the place of the one with its name; the others stay.
func TestReplaced(t *testing.T) {
	dir := t.TempDir()
	if _, err := crds.Replaced(all(t, "v2.31.0"), dir); err == nil {
		t.Error("a directory without definitions was accepted")
	}
	other := `{"apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition", "metadata": {"name": "seeds.kubermatic.k8c.io"},
		"spec": {"group": "kubermatic.k8c.io", "scope": "Cluster", "names": {"kind": "Seed", "plural": "seeds"}, "versions": []}}`
	if err := os.WriteFile(filepath.Join(dir, "seeds.yaml"), []byte(other), 0o600); err != nil {
		t.Fatal(err)
	}
	own := all(t, "v2.31.0")
	replaced, err := crds.Replaced(own, dir)
	if err != nil {
		t.Fatal(err)
	}
	for i, definition := range replaced {
		if definition.Name != own[i].Name {
			t.Errorf("%s is in the place of %s", definition.Name, own[i].Name)
		}
		if changed := definition.Spec.Scope != own[i].Spec.Scope; changed != (definition.Name == "seeds.kubermatic.k8c.io") {
			t.Errorf("%s: replaced is %t", definition.Name, changed)
		}
	}
}

func TestUnknownRelease(t *testing.T) {
	if _, err := crds.All("latest"); err == nil {
		t.Error("there are definitions of a release that is none")
	}
}

func releases() []string { return []string{"v2.28.13", "v2.30.6", "v2.31.0"} }

func all(t *testing.T, release string) []*apiextensionsv1.CustomResourceDefinition {
	t.Helper()
	definitions, err := crds.All(release)
	if err != nil {
		t.Fatal(err)
	}
	if len(definitions) != 10 {
		t.Fatalf("got %d definitions", len(definitions))
	}

	return definitions
}
