package chart_test

import (
	"context"
	"fmt"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/chart"
)

// The user's values override the registry. Without keepOverrides, Render removes such
// overrides, so that the references are upstream names.
func ExampleRenderer_Render() {
	found := chart.InFiles(map[string][]byte{
		"charts/dex/Chart.yaml":  []byte("{apiVersion: v2, name: dex, version: 1.2.3}"),
		"charts/dex/values.yaml": []byte("{image: {registry: ghcr.io, tag: v2.44.0}}"),
		"charts/dex/templates/pod.yaml": []byte(`
apiVersion: v1
kind: Pod
metadata: {name: {{ .Release.Name }}}
spec:
  containers:
  - {name: dex, image: "{{ .Values.image.registry }}/dexidp/dex:{{ .Values.image.tag }}"}
`),
	})
	config := map[string]any{"image": map[string]any{"registry": "registry.example.com", "tag": "v2.45.0"}}

	var renderer chart.Renderer // without Workers, charts are rendered in this process
	for _, candidate := range found {
		fmt.Println(candidate.Path, candidate.Err)
		for _, keepOverrides := range []bool{false, true} {
			result, err := renderer.Render(context.Background(), candidate.Chart, config, keepOverrides, chart.ReleaseOptions{Release: "login"})
			for _, hit := range result.Hits {
				fmt.Println(hit.Object, hit.Reference, err)
			}
		}
	}
	// Output:
	// charts/dex <nil>
	// Pod login ghcr.io/dexidp/dex:v2.45.0 <nil>
	// Pod login registry.example.com/dexidp/dex:v2.45.0 <nil>
}
