package kkp

import (
	"context"

	"golang.org/x/sync/errgroup"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
)

// Nodes are the MachineDeployments of a user cluster. Nodes get new settings only when their
// MachineDeployment is rolled.
type Nodes struct {
	Cluster     Cluster
	Deployments []MachineDeployment
	Err         error // error of reading the MachineDeployments
}

// MachineDeployment is one of cluster.k8s.io/v1alpha1.
type MachineDeployment struct {
	Namespace string
	Name      string
	Replicas  int64
	Profile   string // the operating system profile of its machines
	Kubelet   string // version: "1.35.7"
	OS        string // "ubuntu"
	Provider  string // by the name of machine-controller and OSM: "gce"
}

// FindNodes reads the MachineDeployments of user clusters of a Seed, several clusters concurrently.
func FindNodes(ctx context.Context, master Client, seed Seed, clusters []Cluster, connect Connect) []Nodes {
	nodes := make([]Nodes, len(clusters))
	client, err := seedClient(ctx, master, seed.Kubeconfig, connect)
	var group errgroup.Group
	group.SetLimit(namespacesAtOnce)
	for i, cluster := range clusters {
		nodes[i] = Nodes{Cluster: cluster, Err: err}
		if err != nil {
			continue
		}
		group.Go(func() error {
			nodes[i].Deployments, nodes[i].Err = deploymentsIn(ctx, client, cluster, connect)
			return nil
		})
	}
	_ = group.Wait() // the functions return nil: what fails is in Err
	return nodes
}

func deploymentsIn(ctx context.Context, seed Client, cluster Cluster, connect Connect) ([]MachineDeployment, error) {
	ctx, cancel := context.WithTimeout(ctx, userClusterWait)
	defer cancel()
	client, err := seedClient(ctx, seed, adminKubeconfig(cluster), connect)
	if err != nil {
		return nil, err
	}
	return listDeployments(ctx, client)
}

// listDeployments reads the MachineDeployments of a user cluster. An edge or bring-your-own
// cluster has none: KKP does not manage its nodes.
func listDeployments(ctx context.Context, client Client) ([]MachineDeployment, error) {
	resource := schema.GroupVersionResource{Group: "cluster.k8s.io", Version: "v1alpha1", Resource: "machinedeployments"}
	objects, err := list(ctx, client, resource, metav1.NamespaceAll)
	if notInstalled(err) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	return convert(objects, deploymentFrom)
}
