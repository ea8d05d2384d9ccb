package appvalues_test

import (
	"fmt"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/discover/appvalues"
)

// The tag of the cluster autoscaler follows the Kubernetes version of the user cluster.
func ExampleRender() {
	values, err := appvalues.Render(appvalues.Request{
		Values: map[string]any{
			"image":    map[string]any{"tag": "{{ .Cluster.AutoscalerVersion }}"},
			"replicas": 1,
		},
		Cluster: appvalues.Cluster{Version: "1.34.9", MajorMinorVersion: "1.34", AutoscalerVersion: "v1.34.2"},
	})
	fmt.Println(values, err)
	// Output: map[image:map[tag:v1.34.2] replicas:1] <nil>
}
