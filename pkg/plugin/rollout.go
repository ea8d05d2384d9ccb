package plugin

import (
	"context"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/kkp"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/plugin/display"
)

// tellNodes tells what it takes for nodes to get the settings of their datacenter:
// operating-system-manager writes them into a node's first boot, once for each revision of
// its MachineDeployment (pkg/controllers/osc, v1.11.3).
func (c *patchSeedCommand) tellNodes(ctx context.Context, f found, chosen []datacenter) {
	clusters := 0
	for _, dc := range chosen {
		for _, cluster := range dc.clusters {
			c.tellHidden(dc, cluster)
		}
		clusters += len(dc.clusters)
	}
	if clusters == 0 {
		return
	}
	c.say("No node changes until its MachineDeployment is rolled:")
	some := false
	for _, dc := range chosen {
		for _, nodes := range kkp.FindNodes(ctx, f.editor.master, dc.seed, dc.clusters, f.connect) {
			c.tellCluster(nodes)
			some = some || nodes.Err != nil || len(nodes.Deployments) > 0
		}
	}
	if !some {
		return
	}
	c.say("To roll one, change its template, with the kubeconfig of the user cluster:\n" +
		`  kubectl -n kube-system patch machinedeployment NAME --type merge -p '{"spec":{"template":{"metadata":{"annotations":{"forceRestart":"'$(date +%%s)'"}}}}}'`)
}

func (c *patchSeedCommand) tellCluster(nodes kkp.Nodes) {
	name := nodes.Cluster.Name
	switch {
	case nodes.Err != nil:
		c.say("  cluster %s: not known (%v); with its kubeconfig: kubectl get machinedeployments -A", name, nodes.Err)
	case len(nodes.Deployments) == 0:
		c.say("  cluster %s: it has no MachineDeployment", name)
	}
	for _, deployment := range nodes.Deployments {
		c.say("  cluster %s: %s/%s (%s)", name, deployment.Namespace, deployment.Name, display.Count(int(deployment.Replicas), "node"))
	}
}

// tellHidden warns of settings of a cluster that come before those of its datacenter.
func (c *patchSeedCommand) tellHidden(dc datacenter, cluster kkp.Cluster) {
	if cluster.RuntimeOptions {
		c.say("warning: cluster %s in %s has spec.containerRuntimeOpts of its own: its nodes get none of the datacenter's containerd mirrors", cluster.Name, dc.name)
	}
	if cluster.Proxy && (c.node.HTTPProxy != "" || len(c.node.NoProxy) > 0) {
		c.say("warning: cluster %s in %s has a proxy of its own in spec.componentsOverride.operatingSystemManager, which its nodes use", cluster.Name, dc.name)
	}
}
