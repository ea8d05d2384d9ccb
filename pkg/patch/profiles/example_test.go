package profiles_test

import (
	"fmt"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/files/rewrite"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/kkp"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/patch"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/patch/profiles"
)

func ExampleFields() {
	// The datacenter names no profile, so its nodes have the default ones.
	eu := patch.SeedDatacenter{Seed: kkp.Seed{Name: "frankfurt"}, Datacenter: kkp.Datacenter{Name: "eu", Provider: "aws"}}
	for _, edit := range profiles.Fields(eu, []rewrite.Profile{
		{Name: "osp-ubuntu-mirror", Original: "osp-ubuntu", OS: "ubuntu"},
		{Name: "own-ubuntu-mirror", Original: "own-ubuntu", OS: "ubuntu"}, // of another datacenter
	}) {
		fmt.Println(edit.Path, "=", edit.Value)
	}
	// Output: spec.datacenters.eu.spec.operatingSystemProfiles.ubuntu = osp-ubuntu-mirror
}
