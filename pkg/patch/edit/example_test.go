package edit_test

import (
	"fmt"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/kkp"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/patch"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/patch/apply"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/patch/edit"
)

func ExampleEditor_Compute() {
	live := &unstructured.Unstructured{Object: map[string]any{
		"apiVersion": "v1", "kind": patch.KindSecret, "metadata": map[string]any{"namespace": "kubermatic", "name": "charts"},
	}}
	wanted := patch.Object{Kind: patch.KindSecret, Name: "charts", Edits: []apply.Edit{
		{Path: apply.Path{"metadata", "annotations", kkp.SecretType}, Value: kkp.SecretTypeHelm},
	}}
	// Nothing is sent yet: Try and Apply send the change.
	editor := edit.New(kkp.Client{}, "kubermatic", edit.Options{Manager: apply.Manager})
	edited, err := editor.Compute(live, wanted)
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, change := range edited.Change.Edits {
		fmt.Println(edited.Name(), change.Path, "=", change.Value)
	}
	fmt.Println(edited.Result().GetAnnotations()[kkp.SecretType])
	// Output:
	// secret/charts metadata.annotations["apps.kubermatic.k8c.io/secret-type"] = helm
	// helm
}
