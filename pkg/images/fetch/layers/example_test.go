package layers_test

import (
	"archive/tar"
	"bytes"
	"context"
	"fmt"
	"strings"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/fetch/layers"
)

// A later layer replaces files of earlier layers, and removes them by files that begin
// with ".wh." (OCI image-spec, layer.md).
func ExampleTree() {
	pack := func(files ...string) *bytes.Buffer {
		var layer bytes.Buffer
		packed := tar.NewWriter(&layer)
		for _, name := range files {
			_ = packed.WriteHeader(&tar.Header{Name: name, Mode: 0o644}) // writing to memory does not fail
		}
		_ = packed.Close()
		return &layer
	}
	tree := layers.NewTree("addons", func(path string) bool { return strings.HasSuffix(path, ".yaml") })
	for _, layer := range []*bytes.Buffer{
		pack("addons/csi/csi.yaml", "addons/canal/canal.yaml", "addons/README.md", "etc/other.yaml"),
		pack("addons/canal/.wh.canal.yaml"),
	} {
		if err := tree.AddPacked(context.Background(), layer); err != nil {
			fmt.Println(err)
			return
		}
	}
	files, refused := tree.Resolve()
	for path := range files {
		fmt.Println(path)
	}
	fmt.Println(len(refused), "refused")
	// Output:
	// csi/csi.yaml
	// 0 refused
}
