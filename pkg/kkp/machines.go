package kkp

import (
	"context"

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

	Generation int64 // of the object
	Observed   int64 // generation that the status is about
	Current    int64 // machines, also those that are being replaced
	Updated    int64 // machines with the present template
	Ready      int64 // machines whose nodes are ready
}

// ReadMachineDeployment reads a MachineDeployment of a user cluster, and the OperatingSystemConfigs
// of the cluster.
func ReadMachineDeployment(ctx context.Context, client Client, namespace, name string) (MachineDeployment, []Profile, error) {
	object, err := client.Resource(MachineDeploymentResource()).Namespace(namespace).Get(ctx, name, metav1.GetOptions{})
	if err != nil {
		return MachineDeployment{}, nil, err
	}
	d, err := deploymentFrom(object)
	if err != nil {
		return d, nil, err
	}
	configs, err := newSetups(true).list(ctx, client, "operatingsystemconfigs", metav1.NamespaceSystem)
	return d, configs, err
}

// MachineDeploymentResource returns the API resource of MachineDeployments, in a user cluster.
func MachineDeploymentResource() schema.GroupVersionResource {
	return schema.GroupVersionResource{Group: "cluster.k8s.io", Version: "v1alpha1", Resource: "machinedeployments"}
}

// FindNodes reads the MachineDeployments of user clusters of a Seed, several clusters concurrently.
func FindNodes(ctx context.Context, master Client, seed Seed, clusters []Cluster, connect Connect) []Nodes {
	nodes := make([]Nodes, len(clusters))
	for i, cluster := range clusters {
		nodes[i].Cluster = cluster
	}
	failures := askOf(ctx, master, seed, clusters, connect, func(ctx context.Context, i int, user userClient) (err error) {
		nodes[i].Deployments, err = listDeployments(ctx, user.Client)
		return err
	})
	for i, err := range failures {
		nodes[i].Err = err
	}
	return nodes
}

// listDeployments reads the MachineDeployments of a user cluster. An edge or bring-your-own
// cluster has none: KKP does not manage its nodes.
func listDeployments(ctx context.Context, client Client) ([]MachineDeployment, error) {
	deployments, err := list(ctx, client, query{resource: MachineDeploymentResource(), maxBytes: maxUserBytes}, deploymentFrom)
	if notInstalled(err) {
		return nil, nil
	}
	return deployments, err
}
