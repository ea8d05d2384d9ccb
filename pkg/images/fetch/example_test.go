package fetch_test

import (
	"archive/tar"
	"bytes"
	"context"
	"fmt"
	"net/http/httptest"
	"strings"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/fetch"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/registry"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/registry/registrytest"
)

func ExampleReader_Files() {
	var layer bytes.Buffer
	packed := tar.NewWriter(&layer)
	for _, name := range []string{"opt/addons/csi/csi.yaml", "opt/addons/README.md", "etc/passwd"} {
		_ = packed.WriteHeader(&tar.Header{Name: name, Mode: 0o644}) // writing to memory does not fail
	}
	_ = packed.Close()
	server, err := serve("kubermatic/addons", "v1", layer.Bytes())
	if err != nil {
		fmt.Println(err)
		return
	}
	defer server.Close()

	client := registry.New(registry.Config{})
	defer client.Close()
	image := images.Ref{Registry: strings.TrimPrefix(server.URL, "http://"), Repository: "kubermatic/addons", Tag: "v1"}
	isYAML := func(path string) bool { return strings.HasSuffix(path, ".yaml") }
	files, refused, err := fetch.NewReader(client).Files(context.Background(), image, "opt/addons", isYAML)
	for path := range files {
		fmt.Println(path)
	}
	fmt.Println(len(refused), "refused,", err)
	// Output:
	// csi/csi.yaml
	// 0 refused, <nil>
}

// serve starts a registry with an image of one layer.
func serve(repository, tag string, layer []byte) (*httptest.Server, error) {
	content := registrytest.Bytes(layer)
	digest, err := registrytest.Describe(content)
	if err != nil {
		return nil, err
	}
	stored := registrytest.New(registrytest.Options{})
	_, err = stored.AddImage(repository, tag, map[string][]registrytest.Layer{
		"amd64": {{Digest: digest, Content: content}},
	})
	return httptest.NewServer(stored), err
}
