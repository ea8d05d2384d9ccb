package dockerarchive_test

import (
	"archive/tar"
	"bytes"
	"context"
	"fmt"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/archive/dockerarchive"
)

// The tar file has no image manifest: Read generates one from manifest.json and the
// configuration.
func ExampleRead() {
	var file bytes.Buffer
	packed := tar.NewWriter(&file)
	for _, member := range []struct{ name, content string }{
		{"config.json", `{"os": "linux", "architecture": "amd64", "rootfs": {"type": "layers", "diff_ids": []}}`},
		{dockerarchive.ManifestFile, `[{"Config": "config.json", "RepoTags": ["quay.io/kubermatic/util:2.9.0"], "Layers": []}]`},
	} {
		_ = packed.WriteHeader(&tar.Header{Name: member.name, Mode: 0o644, Size: int64(len(member.content))})
		_, _ = packed.Write([]byte(member.content)) // writing to memory does not fail
	}
	_ = packed.Close()

	archive, err := dockerarchive.Read(context.Background(), bytes.NewReader(file.Bytes()), int64(file.Len()))
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, image := range archive.Images {
		fmt.Println(image.Name, image.MediaType, image.Platform)
	}
	fmt.Println(archive.Platforms())
	// Output:
	// quay.io/kubermatic/util:2.9.0 application/vnd.docker.distribution.manifest.v2+json linux/amd64
	// [linux/amd64]
}
