package pluginimage_test

import (
	"fmt"
	"time"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/pluginimage"
)

// The index has one image for each architecture. A program gets its executables from Read
// or Archive, which check the content.
func ExampleIndex() {
	modified := time.Date(2026, 11, 1, 12, 0, 0, 0, time.UTC)
	index, err := pluginimage.Index("v1.2.3", []pluginimage.Executable{
		{Architecture: "amd64", Content: []byte("the program"), Modified: modified},
		{Architecture: "arm64", Content: []byte("the program"), Modified: modified},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	manifest, err := index.IndexManifest()
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, image := range manifest.Manifests {
		fmt.Println(image.Platform, image.MediaType)
	}
	// Output:
	// linux/amd64 application/vnd.oci.image.manifest.v1+json
	// linux/arm64 application/vnd.oci.image.manifest.v1+json
}
