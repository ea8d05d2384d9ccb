package catalog_test

import (
	"fmt"
	"path"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/files/catalog"
)

func ExampleOpen() {
	release, err := catalog.Open("v2.31")
	if err != nil {
		fmt.Println(err)
		return
	}
	profile, ok := release.Profile("osp-ubuntu")
	fmt.Println(ok, profile.Name, "for", profile.OS, profile.OSVersion)
	for _, file := range profile.Files {
		if address := file.Address("1.35.7", "arm64"); file.For("1.35", "aws") && path.Base(address) == "kubelet" {
			fmt.Println(address)
		}
	}
	// Output:
	// true osp-ubuntu for ubuntu 24.04
	// https://dl.k8s.io/v1.35.7/bin/linux/arm64/kubelet
}
