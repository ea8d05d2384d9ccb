package plugin

import (
	"context"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/kkp"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/patch"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/plugin/display"
)

// tellNodes lists the MachineDeployments to roll. Nodes get the settings of their datacenter at
// their first boot: operating-system-manager writes the boot scripts once for each revision of a
// MachineDeployment (pkg/controllers/osc, v1.11.3).
func (o patchSeedOptions) tellNodes(ctx context.Context, f opened, chosen []patch.SeedDatacenter) {
	clusters := 0
	for _, dc := range chosen {
		for _, cluster := range dc.Clusters {
			o.tellHidden(dc, cluster)
		}
		clusters += len(dc.Clusters)
	}
	if clusters == 0 {
		return
	}
	o.say("No node changes until its MachineDeployment is rolled:")
	some := false
	for _, dc := range chosen {
		for _, nodes := range kkp.FindNodes(ctx, f.master, dc.Seed, dc.Clusters, f.connect) {
			o.tellCluster(nodes)
			some = some || nodes.Err != nil || len(nodes.Deployments) > 0
		}
	}
	if !some {
		return
	}
	o.say("To roll a MachineDeployment, change its template, with the kubeconfig of the user cluster:\n" +
		`  kubectl -n kube-system patch machinedeployment NAME --type merge -p '{"spec":{"template":{"metadata":{"annotations":{"forceRestart":"'$(date +%%s)'"}}}}}'`)
}

func (o patchSeedOptions) tellCluster(nodes kkp.Nodes) {
	name := nodes.Cluster.Name
	switch {
	case nodes.Err != nil:
		o.say("  cluster %s: the MachineDeployments could not be read (%v); with the kubeconfig of the user cluster: kubectl get machinedeployments -A", name, nodes.Err)
	case len(nodes.Deployments) == 0:
		o.say("  cluster %s: no MachineDeployment", name)
	}
	for _, deployment := range nodes.Deployments {
		o.say("  cluster %s: %s/%s (%s)", name, deployment.Namespace, deployment.Name, display.Count(int(deployment.Replicas), "node"))
	}
}

// tellHidden prints the settings of a cluster that take precedence over those of its datacenter.
func (o patchSeedOptions) tellHidden(dc patch.SeedDatacenter, cluster kkp.Cluster) {
	for _, note := range o.node.Precedence(cluster) {
		o.say("warning: cluster %s in %s has %s", cluster.Name, dc.Name, note)
	}
}
