package manifest_test

import (
	"fmt"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/manifest"
)

func ExampleFind() {
	objects, err := manifest.Decode([]byte(`
apiVersion: apps/v1
kind: Deployment
metadata: {namespace: cert-manager, name: cert-manager}
spec:
  template:
    spec:
      containers:
      - image: quay.io/jetstack/cert-manager-controller:v1.20.3
        args: ["--acme-http01-solver-image=quay.io/jetstack/cert-manager-acmesolver:v1.20.3"]
`))
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, hit := range manifest.Find(objects[0]) {
		fmt.Println(hit.Path, hit.Reference)
	}
	// Output:
	// spec.template.spec.containers[0].args[0] quay.io/jetstack/cert-manager-acmesolver:v1.20.3
	// spec.template.spec.containers[0].image quay.io/jetstack/cert-manager-controller:v1.20.3
}
