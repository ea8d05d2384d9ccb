package need_test

import (
	"context"
	"fmt"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/files/need"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/catalog"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/kkp"
)

func ExampleFind() {
	release, err := catalog.Open("v2.31.0", catalog.CE)
	if err != nil {
		fmt.Println(err)
		return
	}
	// New nodes in the only datacenter get the default profile for Ubuntu.
	seed := kkp.Seed{Name: "frankfurt", Read: true, Datacenters: []kkp.Datacenter{
		{Name: "eu", Provider: "aws", Profiles: map[string]string{"ubuntu": "osp-ubuntu"}},
	}}
	list := need.Find(context.Background(), need.Input{
		Installation:  kkp.Installation{Version: "v2.31.0", Live: true, Seeds: []kkp.Seed{seed}},
		Release:       release,
		Clusters:      map[string][]catalog.Cluster{seed.Name: {{Kubernetes: "1.35.7", Provider: "aws"}}},
		Architectures: []string{"amd64"},
	})
	for _, item := range list.Items {
		if item.ChecksumOf == "" { // not itself the checksum of another file
			fmt.Println(item.Path)
		}
	}
	// Output:
	// dl.k8s.io/v1.35.7/bin/linux/amd64/kubeadm
	// dl.k8s.io/v1.35.7/bin/linux/amd64/kubectl
	// dl.k8s.io/v1.35.7/bin/linux/amd64/kubelet
	// download.docker.com/linux/ubuntu/gpg
	// github.com/containernetworking/plugins/releases/download/v1.9.1/cni-plugins-linux-amd64-v1.9.1.tgz
	// github.com/kubernetes-sigs/cri-tools/releases/download/v1.35.0/crictl-v1.35.0-linux-amd64.tar.gz
}
