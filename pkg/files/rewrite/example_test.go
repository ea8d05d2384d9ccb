package rewrite_test

import (
	"context"
	"fmt"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/files"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/files/rewrite"
)

func ExampleMake() {
	original := []byte(`{
		"kind": "OperatingSystemProfile",
		"metadata": {"name": "osp-ubuntu"},
		"spec": {
			"osName": "ubuntu", "osVersion": "24.04", "version": "v1.11.2", "supportedCloudProviders": [{"name": "gce"}],
			"bootstrapConfig": {
				"files": [{"path": "/opt/bin/setup", "content": {"inline": {"data":
					"curl -LO https://dl.k8s.io/{{ .KubeVersion }}/bin/linux/amd64/kubelet"}}}],
				"modules": {"runcmd": ["/bin/bash /opt/bin/setup"]}
			}
		}
	}`)
	machines := []files.Case{{Kubernetes: "1.35.7", Provider: "gce", Architecture: "amd64"}}
	made, err := rewrite.Make(context.Background(), files.Trace, original, machines, rewrite.Settings{Files: "https://files.example.com/kkp"})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(made.Name, "is made from", made.Original, made.OriginalVersion)
	for _, item := range made.Proof.Files {
		fmt.Println("from the mirror:", item.Path)
	}
	fmt.Println("from elsewhere:", made.Proof.Hosts)
	// Output:
	// osp-ubuntu-mirror is made from osp-ubuntu v1.11.2
	// from the mirror: dl.k8s.io/v1.35.7/bin/linux/amd64/kubelet
	// from elsewhere: []
}
