package oci_test

import (
	"fmt"

	v1 "github.com/google/go-containerregistry/pkg/v1"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/oci"
)

func ExampleManifest_Only() {
	index, err := oci.New([]byte(`{
		"schemaVersion": 2,
		"mediaType": "application/vnd.oci.image.index.v1+json",
		"manifests": [
			{
				"mediaType": "application/vnd.oci.image.manifest.v1+json", "size": 424,
				"digest": "sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
				"platform": {"os": "linux", "architecture": "amd64"}
			},
			{
				"mediaType": "application/vnd.oci.image.manifest.v1+json", "size": 424,
				"digest": "sha256:bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb",
				"platform": {"os": "linux", "architecture": "arm64", "variant": "v8"}
			}
		]
	}`), "", "")
	if err != nil {
		fmt.Println(err)
		return
	}
	only, err := index.Only([]v1.Platform{{OS: "linux", Architecture: "arm64"}})
	for _, entry := range only.Entries() {
		fmt.Println(entry.Platform, entry.Digest.Hex[:8], err)
	}
	fmt.Println("same digest:", only.Digest == index.Digest)
	// Output:
	// linux/arm64/v8 bbbbbbbb <nil>
	// same digest: false
}
