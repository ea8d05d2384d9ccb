package layout_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/types"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/archive/layout"
)

// All blobs of an image, and its manifest, are written before the image gets its name.
func ExampleCreate() {
	dir, err := os.MkdirTemp("", "layout")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer os.RemoveAll(dir)
	name := layout.TarScheme + filepath.Join(dir, "images.tar")

	manifest := `{"schemaVersion": 2, "manifests": []}`
	digest, size, _ := v1.SHA256(strings.NewReader(manifest)) // reading from memory does not fail
	created, err := layout.Create(name)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println("blob:", created.Write(digest, size, strings.NewReader(manifest)))
	entry := v1.Descriptor{MediaType: types.OCIImageIndex, Digest: digest, Size: size}
	fmt.Println("name:", created.Tag("quay.io/kubermatic/util:2.9.0", entry))
	fmt.Println("finished:", created.Finish())

	opened, err := layout.Open(context.Background(), name)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer opened.Close()
	found, ok := opened.Find("quay.io/kubermatic/util:2.9.0")
	fmt.Println(found.MediaType, ok)
	// Output:
	// blob: <nil>
	// name: <nil>
	// finished: <nil>
	// application/vnd.oci.image.index.v1+json true
}
