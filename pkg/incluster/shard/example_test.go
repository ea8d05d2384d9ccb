package shard_test

import (
	"fmt"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/incluster/shard"
)

func ExampleDivide() {
	base := images.Blob{Digest: "sha256:7f2c", Bytes: 30 << 20} // a layer that two images share
	list := []shard.Image{
		{Blobs: []images.Blob{base, {Digest: "sha256:01ab", Bytes: 5 << 20}}},
		{Blobs: []images.Blob{base, {Digest: "sha256:c3f0", Bytes: 5 << 20}}},
		{Blobs: []images.Blob{{Digest: "sha256:9a1b", Bytes: 40 << 20}}},
	}
	fmt.Println(shard.Divide(list, 2))
	// Output: [0 0 1]
}
