package files_test

import (
	"context"
	"fmt"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/files"
)

func ExampleTrace() {
	answer, err := files.Trace(context.Background(), files.Request{
		Object: []byte(`{
			"kind": "OperatingSystemProfile",
			"metadata": {"name": "osp-ubuntu"},
			"spec": {
				"osName": "ubuntu", "osVersion": "24.04", "supportedCloudProviders": [{"name": "gce"}],
				"bootstrapConfig": {
					"files": [{"path": "/opt/bin/setup", "content": {"inline": {"data":
						"curl -LO https://dl.k8s.io/{{ .KubeVersion }}/bin/linux/$(uname -m)/kubelet"}}}],
					"modules": {"runcmd": ["/bin/bash /opt/bin/setup"]}
				}
			}
		}`),
		Cases: []files.Case{
			{Kubernetes: "1.34.9", Provider: "gce", Architecture: "amd64"},
			{Kubernetes: "1.35.7", Provider: "gce", Architecture: "arm64"},
		},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, machine := range answer.Results {
		for _, download := range machine.Downloads {
			fmt.Println(download.URL)
		}
	}
	fmt.Println(answer.Gaps)
	// Output:
	// https://dl.k8s.io/v1.34.9/bin/linux/x86_64/kubelet
	// https://dl.k8s.io/v1.35.7/bin/linux/aarch64/kubelet
	// []
}

func ExamplePathOf() {
	for _, address := range []string{"https://dl.k8s.io/v1.35.7/bin/linux/amd64/kubelet", "https://example.com:8443/setup?os=ubuntu"} {
		kept, err := files.PathOf(address)
		fmt.Printf("%q %v\n", kept, err)
	}
	// Output:
	// "dl.k8s.io/v1.35.7/bin/linux/amd64/kubelet" <nil>
	// "" https://example.com:8443/setup?os=ubuntu has a query, which a server of files cannot answer
}
