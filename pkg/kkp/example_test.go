package kkp_test

import (
	"fmt"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/yaml"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/kkp"
)

func ExampleFromObjects() {
	var objects []*unstructured.Unstructured
	for _, text := range []string{`
apiVersion: kubermatic.k8c.io/v1
kind: KubermaticConfiguration
metadata: {name: kubermatic, namespace: kubermatic}
spec: {userCluster: {overwriteRegistry: registry.example.com/kkp}}
status: {kubermaticVersion: v2.31.0, kubermaticEdition: CE}
`, `
apiVersion: kubermatic.k8c.io/v1
kind: Seed
metadata: {name: frankfurt, namespace: kubermatic}
spec: {datacenters: {eu: {spec: {aws: {region: eu-central-1}}}}}
`} {
		object := &unstructured.Unstructured{}
		if err := yaml.Unmarshal([]byte(text), &object.Object); err != nil {
			fmt.Println(err)
			return
		}
		objects = append(objects, object)
	}
	inst, err := kkp.FromObjects(objects)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(inst.Version, inst.Edition, inst.Configuration.Field("spec.userCluster.overwriteRegistry"))
	for _, seed := range inst.Seeds {
		for _, dc := range seed.Datacenters {
			fmt.Println(seed.Name, dc.Name, dc.Provider)
		}
	}
	// Output:
	// v2.31.0 CE registry.example.com/kkp
	// frankfurt eu aws
}
