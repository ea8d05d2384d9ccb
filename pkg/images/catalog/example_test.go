package catalog_test

import (
	"fmt"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/catalog"
)

func ExampleOpen() {
	release, err := catalog.Open("v2.31.0", catalog.CE)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println("Kubernetes", release.DefaultKubernetes())
	needed, _ := release.Images(catalog.Scope{
		Places:   []catalog.Place{catalog.Master},
		Features: map[string]bool{},
	})
	for _, image := range needed {
		fmt.Println(image.Component, image.Reference)
	}
	// Output:
	// Kubernetes 1.35.7
	// kubeone quay.io/kubermatic/kubeone:v1.12.3
	// kubeone quay.io/kubermatic/util:2.9.0
	// kubermatic-master-controller-manager quay.io/kubermatic/kubermatic:v2.31.0
	// kubermatic-operator quay.io/kubermatic/kubermatic:v2.31.0
	// kubermatic-webhook quay.io/kubermatic/kubermatic:v2.31.0
	// seed-proxy quay.io/kubermatic/util:2.9.0
}
