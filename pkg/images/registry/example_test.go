package registry_test

import (
	"context"
	"fmt"
	"net/http/httptest"
	"strings"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/failure"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/registry"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/registry/registrytest"
)

func ExampleClient_Digest() {
	content := registrytest.New(registrytest.Options{})
	digest, err := content.AddImage("kubermatic/util", "2.9.0", map[string][]registrytest.Layer{"amd64": nil})
	if err != nil {
		fmt.Println(err)
		return
	}
	server := httptest.NewServer(content)
	defer server.Close()

	client := registry.New(registry.Config{})
	defer client.Close()
	ref := images.Ref{Registry: strings.TrimPrefix(server.URL, "http://"), Repository: "kubermatic/util", Tag: "2.9.0"}
	found, err := client.Digest(context.Background(), ref)
	fmt.Println("digest of the tag:", found == digest.String(), err)

	ref.Tag = "2.9.1"
	_, err = client.Digest(context.Background(), ref)
	fmt.Println("no such tag:", failure.IsNotFound(err))
	// Output:
	// digest of the tag: true <nil>
	// no such tag: true
}
