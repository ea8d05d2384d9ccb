package plan_test

import (
	"fmt"
	"strings"
	"testing/fstest"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/incluster/plan"
)

func ExamplePlan() {
	made, err := plan.New(images.Inventory{Images: []images.Image{
		{Ref: images.Ref{Registry: "quay.io", Repository: "kubermatic/kubermatic", Tag: "v2.31.0"}, Digest: "sha256:" + strings.Repeat("7f2c", 16)},
		{Ref: images.Ref{Registry: "registry.k8s.io", Repository: "pause", Tag: "3.10.1"}, Digest: "sha256:" + strings.Repeat("01ab", 16)},
	}})
	if err != nil {
		fmt.Println(err)
		return
	}
	made = made.Split(2, []int{0, 1}) // for two pods
	parts, err := made.Pack(plan.PartSize)
	if err != nil {
		fmt.Println(err)
		return
	}

	// Each part is a file in the pods.
	dir := fstest.MapFS{}
	for _, part := range parts {
		dir[part.Name] = &fstest.MapFile{Data: part.Content}
	}
	arrived, err := plan.Unpack(dir)
	if err != nil {
		fmt.Println(err)
		return
	}
	inventory, err := arrived.Inventory()
	for i, img := range inventory.Images {
		fmt.Println("pod", arrived.Shard[i], "copies", img.Ref)
	}
	fmt.Println(arrived.Digest() == made.Digest(), err)
	// Output:
	// pod 0 copies quay.io/kubermatic/kubermatic:v2.31.0
	// pod 1 copies registry.k8s.io/pause:3.10.1
	// true <nil>
}
