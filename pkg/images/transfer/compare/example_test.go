package compare_test

import (
	"context"
	"fmt"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/oci"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/storage/storagetest"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/transfer/compare"
)

func ExamplePair_Compare() {
	ctx := context.Background()
	source := (&storagetest.Registry{Name: "quay.io"}).Repository("kubermatic/util", false)
	target := (&storagetest.Registry{Name: "registry.example.com"}).Repository("kkp/kubermatic/util", true)
	step := images.Copy{
		Source: images.Ref{Registry: "quay.io", Repository: "kubermatic/util", Tag: "2.9.0"},
		Target: images.Ref{Registry: "registry.example.com", Repository: "kkp/kubermatic/util", Tag: "2.9.0"},
	}
	index, err := oci.New([]byte(`{"schemaVersion": 2, "manifests": []}`), "application/vnd.oci.image.index.v1+json", "")
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, to := range []*storagetest.Memory{source, target} {
		_, err := to.PutManifest(ctx, index, "2.9.0")
		fmt.Println("written to", to.Location().Name, err)
		goal, found, err := new(compare.Run).Pair(step, source, target, nil).Compare(ctx)
		fmt.Printf("  to copy: %t, %v\n", found != goal.Digest, err)
	}
	// Output:
	// written to quay.io/kubermatic/util <nil>
	//   to copy: true, <nil>
	// written to registry.example.com/kkp/kubermatic/util <nil>
	//   to copy: false, <nil>
}
