package archive_test

import (
	"context"
	"fmt"
	"os"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/archive"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/oci"
)

// An image is written as to a registry: first its blobs (this index has none), and then
// its manifests.
func ExampleTarget() {
	dir, err := os.MkdirTemp("", "archive")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer os.RemoveAll(dir)

	created, err := archive.Create("oci:" + dir)
	if err != nil {
		fmt.Println(err)
		return
	}
	ref, _ := images.ParseRef("quay.io/kubermatic/util:2.9.0")
	index, _ := oci.New([]byte(`{"schemaVersion": 2, "manifests": []}`), "application/vnd.oci.image.index.v1+json", "")
	_, err = archive.Target(created, images.Copy{Source: ref, Target: ref}, nil).PutManifest(context.Background(), index, ref.Tag)
	fmt.Println("written:", err)
	fmt.Println("finished:", created.Finish())

	opened, err := archive.Open(context.Background(), dir) // Open detects the format
	if err != nil {
		fmt.Println(err)
		return
	}
	defer opened.Close()
	inventory, err := archive.Inventory(opened)
	for _, image := range inventory.Images {
		fmt.Println(image.Ref, err)
	}
	// Output:
	// written: <nil>
	// finished: <nil>
	// quay.io/kubermatic/util:2.9.0 <nil>
}
