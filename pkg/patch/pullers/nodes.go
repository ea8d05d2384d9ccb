package pullers

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/kkp"
)

// Node says how the nodes of one user cluster pull.
type Node struct {
	kkp.NodeLogin
	Insecure []string // node.insecureRegistries of the datacenter, after the change
}

// Nodes of user clusters pull addons, applications and what users run. Those that pull in
// the same way are one puller. version is that of KKP.
func Nodes(nodes []Node, m Mirror, needed images.Inventory, version string) []Puller {
	needs := nodeNeeds(needed)
	var all []Puller
	clusters := map[int][]string{}
	for _, node := range nodes {
		p := puller(node, m, version)
		p.Needs = needs
		i := slices.IndexFunc(all, func(other Puller) bool { return same(other, p) })
		if i < 0 {
			i = len(all)
			all = append(all, p)
		}
		clusters[i] = append(clusters[i], node.Cluster.Name)
	}
	for i := range all {
		slices.Sort(clusters[i])
		all[i].Name = nodesOf(clusters[i])
	}
	return all
}

// nodesOf names the nodes of user clusters, of many only the first ones.
func nodesOf(clusters []string) string {
	const most = 10
	switch n := len(clusters); {
	case n == 1:
		return "the nodes of the user cluster " + clusters[0]
	case n > most:
		return fmt.Sprintf("the nodes of the user clusters %s and %d more", strings.Join(clusters[:most], ", "), n-most)
	}
	return "the nodes of the user clusters " + strings.Join(clusters, ", ")
}

// nodeNeeds are the images that nodes pull.
func nodeNeeds(needed images.Inventory) []images.Ref {
	if needs := refs(needed, images.KindImage, "addons", "applications"); len(needs) > 0 {
		return needs
	}
	return refs(needed, images.KindImage)
}

// OnNodes are the images that nodes of user clusters may pull. Images that only charts of KKP
// need run on the master and on Seeds.
func OnNodes(needed images.Inventory) images.Inventory {
	return needed.Where(func(img images.Image) bool {
		return len(img.Reasons) == 0 ||
			slices.ContainsFunc(img.Reasons, func(r images.Reason) bool { return r.Source != "charts" && r.Source != "bundled-charts" })
	})
}

// FutureNodes are the nodes of user clusters that do not exist yet. They pull without
// credentials, unless each Cluster gets some. insecure are the registries in
// node.insecureRegistries of their datacenter.
func FutureNodes(insecure []string, m Mirror, needed images.Inventory, version string) Puller {
	p := puller(Node{Insecure: insecure}, m, version)
	p.Name, p.Needs = "the nodes of future user clusters", nodeNeeds(needed)
	return p
}

func puller(node Node, m Mirror, version string) Puller {
	unverified := slices.Contains(node.Insecure, m.Host)
	p := Puller{
		Docker: node.Config, Err: node.Err,
		Trust:  Trust{User: m.NodesTrust && !unverified, Unverified: unverified, Remedy: nodesRemedy},
		Lacks:  "the Cluster has no spec.imagePullSecret",
		Remedy: "put a Secret of the type kubernetes.io/dockerconfigjson into the user cluster, and name it in spec.imagePullSecret (name, namespace) of the Cluster",
	}
	if p.Docker != nil && strings.TrimPrefix(version, "v") == "2.30.0" {
		p.Docker, p.Lacks = nil, "KKP 2.30.0 does not write credentials to nodes"
		p.Remedy = "upgrade KKP to 2.30.1"
	}
	return p
}

// same tells whether two pullers pull in the same way.
func same(a, b Puller) bool {
	return string(a.Docker) == string(b.Docker) && (a.Docker == nil) == (b.Docker == nil) && a.Trust.Unverified == b.Trust.Unverified &&
		fmt.Sprint(a.Err) == fmt.Sprint(b.Err) && cmp.Compare(a.Lacks, b.Lacks) == 0
}
