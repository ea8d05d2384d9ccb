package display_test

import (
	"fmt"
	"os"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/plugin/display"
)

func ExampleImages() {
	inventory := images.Inventory{Images: []images.Image{
		{
			Ref:     images.Ref{Registry: "quay.io", Repository: "kubermatic/kubermatic", Tag: "v2.31.0"},
			Reasons: []images.Reason{{Source: "components", Component: "kubermatic-operator"}},
		},
		{
			Ref:     images.Ref{Registry: "registry.k8s.io", Repository: "pause", Tag: "3.10.1"},
			Reasons: []images.Reason{{Source: "running", Component: "pause"}},
		},
	}}
	if err := display.Images(os.Stdout, inventory, false, false); err != nil {
		fmt.Println(err)
	}
	fmt.Println(display.Count(len(inventory.Images), "image"))
	// Output:
	// IMAGE                                   SOURCE       COMPONENT             CONDITION
	// quay.io/kubermatic/kubermatic:v2.31.0   components   kubermatic-operator   -
	// registry.k8s.io/pause:3.10.1            running      pause                 -
	// 2 images
}
