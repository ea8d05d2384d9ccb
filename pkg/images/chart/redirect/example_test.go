package redirect_test

import (
	"context"
	"fmt"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/chart"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/chart/redirect"
)

// The second image is written in a template, so no value redirects it.
func ExampleFind() {
	found := chart.InFiles(map[string][]byte{
		"dex/Chart.yaml":         []byte("{apiVersion: v2, name: dex, version: 1.2.3}"),
		"dex/values.yaml":        []byte("{image: {registry: ghcr.io, tag: v2.44.0}}"),
		"dex/templates/pod.yaml": []byte(podTemplate),
	})
	release := chart.InstalledRelease{
		ReleaseOptions: chart.ReleaseOptions{Release: "dex", Namespace: "dex"},
		Config:         map[string]any{"image": map[string]any{"tag": "v2.45.0"}},
		Manifests:      []string{pod},
	}
	target, _ := images.ParseTarget("registry.example.com/kkp")
	redirection, err := redirect.Find(context.Background(), &chart.Renderer{}, found[0].Chart, release, target)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(redirection.Values)
	for _, image := range redirection.Images {
		fmt.Println(image.State, image.Reference)
	}
	// Output:
	// map[image:map[registry:registry.example.com/kkp]]
	// redirected ghcr.io/dexidp/dex:v2.45.0
	// left quay.io/example/proxy:v1
}

const podTemplate = `
apiVersion: v1
kind: Pod
metadata: {name: dex}
spec:
  containers:
  - {name: dex, image: "{{ .Values.image.registry }}/dexidp/dex:{{ .Values.image.tag }}"}
  - {name: proxy, image: "quay.io/example/proxy:v1"}
`

// pod is the pod that is installed.
const pod = `
apiVersion: v1
kind: Pod
metadata: {name: dex}
spec:
  containers:
  - {name: dex, image: "ghcr.io/dexidp/dex:v2.45.0"}
  - {name: proxy, image: "quay.io/example/proxy:v1"}
`
