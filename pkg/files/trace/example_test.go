package trace_test

import (
	"context"
	"fmt"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/files/trace"
)

func ExampleRun() {
	found := trace.Run(context.Background(), trace.System{
		OS: "ubuntu", OSVersion: "24.04", Architecture: "amd64",
		Commands: []string{"/bin/bash /opt/bin/setup"},
		Files: []trace.File{{Path: "/opt/bin/setup", Content: `set -e
arch=$(uname -m)
if [ "$arch" = x86_64 ]; then arch=amd64; else arch=arm64; fi
curl -Lo /opt/bin/kubelet "https://dl.k8s.io/v1.35.7/bin/linux/$arch/kubelet"
apt-get install -y conntrack
`}},
	})
	for _, download := range found.Downloads {
		fmt.Println(download.Where, download.URL)
	}
	for _, p := range found.Packages {
		fmt.Println(p.Where, p.Manager, p.Name)
	}
	fmt.Println(len(found.Gaps), "gaps")
	// Output:
	// /opt/bin/setup:4 https://dl.k8s.io/v1.35.7/bin/linux/amd64/kubelet
	// /opt/bin/setup:5 apt conntrack
	// 0 gaps
}
