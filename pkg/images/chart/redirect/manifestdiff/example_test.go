package manifestdiff_test

import (
	"fmt"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/chart/redirect/manifestdiff"
)

func ExampleDifferences() {
	decode := func(image, replicas string) manifestdiff.Rendering {
		var decoder manifestdiff.Decoder
		rendering, err := decoder.Decode(map[string]string{"templates/dex.yaml": `
apiVersion: apps/v1
kind: Deployment
metadata: {name: dex, namespace: dex}
spec:
  replicas: ` + replicas + `
  template: {spec: {containers: [{name: dex, image: "` + image + `"}]}}
`})
		if err != nil {
			fmt.Println(err)
		}
		return rendering
	}
	before := decode("ghcr.io/dexidp/dex:v2.44.0", "1")
	after := decode("registry.example.com/dexidp/dex:v2.44.0", "2")
	for _, found := range manifestdiff.Differences(before.Objects, after.Objects) {
		fmt.Printf("%s: %s → %s\n", found, found.Before, found.After)
	}
	// Output:
	// Deployment dex/dex spec.replicas: 1 → 2
	// Deployment dex/dex spec.template.spec.containers[0].image: ghcr.io/dexidp/dex:v2.44.0 → registry.example.com/dexidp/dex:v2.44.0
}
