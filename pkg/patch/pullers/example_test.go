package pullers_test

import (
	"fmt"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/kkp"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/patch/pullers"
)

func ExampleNodes() {
	needed := images.Inventory{Images: []images.Image{
		{Ref: images.Ref{Registry: "quay.io", Repository: "calico/node", Tag: "v3.31.0"}, Reasons: []images.Reason{{Source: "addons"}}},
		{Ref: images.Ref{Registry: "quay.io", Repository: "kubermatic/kubermatic", Tag: "v2.31.0"}, Reasons: []images.Reason{{Source: "components"}}},
	}}
	login := []byte(`{"auths": {"registry.example.com": {"auth": "…"}}}`)
	nodes := []pullers.Node{
		{NodeLogin: kkp.NodeLogin{Cluster: kkp.Cluster{Name: "shop"}, Config: login}},
		{NodeLogin: kkp.NodeLogin{Cluster: kkp.Cluster{Name: "news"}}}, // its Cluster names no Secret
		{NodeLogin: kkp.NodeLogin{Cluster: kkp.Cluster{Name: "bank"}, Config: login}},
	}
	for _, p := range pullers.Nodes(nodes, pullers.Mirror{Host: "registry.example.com"}, needed, "v2.31.0") {
		fmt.Printf("%s pull %v, with credentials: %t\n", p.Name, p.Needs, p.Docker != nil)
	}
	// Output:
	// the nodes of the user clusters bank, shop pull [quay.io/calico/node:v3.31.0], with credentials: true
	// the nodes of the user cluster news pull [quay.io/calico/node:v3.31.0], with credentials: false
}
