package discover_test

import (
	"context"
	"fmt"
	"testing/fstest"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/catalog"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/discover"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/kkp"
)

// Two sources are searched: a directory of addons, and the pods on the master. A reference
// that cannot be read is a gap.
func ExampleInventory() {
	release, err := catalog.Open("v2.31.0", catalog.CE)
	if err != nil {
		fmt.Println(err)
		return
	}
	installation := kkp.Installation{
		Live:    true,
		Version: "v2.31.0",
		Pods: []kkp.Pod{
			{Namespace: "kube-system", Name: "pause", Images: []string{"registry.k8s.io/pause:3.10.1"}},
			{Namespace: "kube-system", Name: "broken", Images: []string{"quay.io/UPPER/case"}},
		},
	}
	addons := fstest.MapFS{"csi/driver.yaml": {Data: []byte(`
apiVersion: v1
kind: Pod
spec: {containers: [{name: driver, image: '{{ Image "registry.k8s.io/csi-vsphere/driver:v3.6.0" }}'}]}
`)}}
	found := discover.Inventory(context.Background(), installation, release, discover.Options{
		Sources: []string{discover.Addons, discover.Running},
		Addons:  discover.AddonSource{Dir: addons},
		All:     true,
	})
	for _, image := range found.Images {
		fmt.Println(image.Ref, image.Reasons[0].Source)
	}
	for _, gap := range found.Gaps {
		fmt.Println("gap:", gap.Source, gap.Subject)
	}
	// Output:
	// registry.k8s.io/csi-vsphere/driver:v3.6.0 addons
	// registry.k8s.io/pause:3.10.1 running
	// gap: running pod kube-system/broken on master
}
