package images_test

import (
	"fmt"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images"
)

func ExampleParseRef() {
	for _, text := range []string{"alpine", "quay.io/kubermatic/kubermatic:v2.31.0"} {
		ref, err := images.ParseRef(text)
		fmt.Println(ref, err)
	}
	// Output:
	// docker.io/library/alpine:latest <nil>
	// quay.io/kubermatic/kubermatic:v2.31.0 <nil>
}

func ExampleTarget_Ref() {
	target, err := images.ParseTarget("registry.example.com/kkp")
	if err != nil {
		fmt.Println(err)
		return
	}
	source, err := images.ParseRef("registry.k8s.io/pause:3.10.1")
	fmt.Println(target.Ref(source), err)
	// Output: registry.example.com/kkp/pause:3.10.1 <nil>
}

func ExampleNewPlan() {
	inventory := images.Inventory{Images: []images.Image{
		{Ref: images.Ref{Registry: "quay.io", Repository: "kubermatic/kubermatic", Tag: "v2.31.0"}},
		{Ref: images.Ref{Registry: "docker.io", Repository: "library/alpine", Tag: "3.20"}},
	}}
	plan := images.NewPlan(inventory, images.Target{Registry: "registry.example.com", Prefix: "kkp"})
	for _, step := range plan.Copies {
		fmt.Println(step.Source, "→", step.Target)
	}
	// Output:
	// quay.io/kubermatic/kubermatic:v2.31.0 → registry.example.com/kkp/kubermatic/kubermatic:v2.31.0
	// docker.io/library/alpine:3.20 → registry.example.com/kkp/library/alpine:3.20
}
