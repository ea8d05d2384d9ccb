package addon_test

import (
	"fmt"
	"testing/fstest"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/discover/addon"
)

// The image depends on the provider of the user cluster, and not on the Kubernetes version.
func ExampleAddon_Render() {
	files, _, err := addon.Read(fstest.MapFS{
		"csi/driver.yaml": {Data: []byte(`
apiVersion: v1
kind: Pod
metadata: {name: driver}
spec:
  containers:
{{ if eq .Cluster.CloudProviderName "aws" }}
  - {name: driver, image: '{{ Image "registry.k8s.io/provider-aws/aws-ebs-csi-driver:v1.50.0" }}'}
{{ else }}
  - {name: driver, image: '{{ Image "registry.k8s.io/csi-vsphere/driver:v3.6.0" }}'}
{{ end }}
`)},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	clusters := addon.ClusterSet{
		Kubernetes: []string{"1.34.9", "1.35.7"},
		Providers:  []string{"aws", "vsphere"},
		CNI:        []string{"canal v3.31"},
	}
	for name, own := range addon.Split(files) {
		uses, failures := addon.New(name, own).Render(clusters, nil)
		for _, use := range uses {
			fmt.Println(use.Reference, use.Clusters[0].Providers, use.Clusters[0].Kubernetes)
		}
		fmt.Println(len(failures), "failures")
	}
	// Output:
	// registry.k8s.io/csi-vsphere/driver:v3.6.0 [vsphere] [1.34.9 1.35.7]
	// registry.k8s.io/provider-aws/aws-ebs-csi-driver:v1.50.0 [aws] [1.34.9 1.35.7]
	// 0 failures
}
