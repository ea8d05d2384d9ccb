package kkp

import (
	"context"

	"golang.org/x/sync/errgroup"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
)

// Nodes are the MachineDeployments of a user cluster: its nodes get new settings only when
// their MachineDeployment is rolled.
type Nodes struct {
	Cluster     Cluster
	Deployments []MachineDeployment
	Err         error // why they are not known
}

// MachineDeployment is one of cluster.k8s.io/v1alpha1.
type MachineDeployment struct {
	Namespace string
	Name      string
	Replicas  int64
}

// FindNodes reads the MachineDeployments of user clusters of a Seed, several at once.
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
	resource := schema.GroupVersionResource{Group: "cluster.k8s.io", Version: "v1alpha1", Resource: "machinedeployments"}
	objects, err := list(ctx, client, resource, metav1.NamespaceAll)
	if notInstalled(err) {
		return nil, nil // an edge or bring-your-own cluster: KKP does not manage its nodes
	}
	var deployments []MachineDeployment
	for _, obj := range objects {
		replicas, _, _ := unstructured.NestedInt64(obj.Object, "spec", "replicas")
		deployments = append(deployments, MachineDeployment{Namespace: obj.GetNamespace(), Name: obj.GetName(), Replicas: replicas})
	}
	return deployments, err
}
