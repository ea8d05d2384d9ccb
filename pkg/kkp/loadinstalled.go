package kkp

import (
	"context"
	"errors"
	"fmt"
	"time"

	"golang.org/x/sync/errgroup"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/dynamic"
)

// userClusterWait is the timeout for the API of one user cluster.
const userClusterWait = 5 * time.Second

// adminKubeconfig returns the key of the kubeconfig of a user cluster, in the namespace of its
// control plane (kubermatic pkg/resources, v2.31.0).
func adminKubeconfig(cluster Cluster) SecretKey {
	return SecretKey{Namespace: cluster.Namespace, Name: "admin-kubeconfig", Key: "kubeconfig"}
}

// loadInstalled reads the installed applications of user clusters. The result is only useful if it
// is complete, so it stops at the first failure. Then many unreachable clusters take as long as one.
func loadInstalled(ctx context.Context, seed dynamic.Interface, clusters []Cluster, connect Connect) ([]Installed, error) {
	found := make([][]Installed, len(clusters))
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(namespacesAtOnce)
	for i, cluster := range clusters {
		group.Go(func() (err error) {
			if found[i], err = installedIn(ctx, seed, cluster, connect); err != nil {
				return fmt.Errorf("user cluster %s: %w", cluster.Name, err)
			}
			return nil
		})
	}
	if err := group.Wait(); err != nil {
		return nil, err
	}
	var installed []Installed
	for _, in := range found {
		installed = append(installed, in...)
	}
	return installed, nil
}

func installedIn(ctx context.Context, seed dynamic.Interface, cluster Cluster, connect Connect) ([]Installed, error) {
	ctx, cancel := context.WithTimeout(ctx, userClusterWait)
	defer cancel()
	client, err := seedClient(ctx, seed, adminKubeconfig(cluster), connect)
	if err != nil {
		return nil, err
	}
	objects, err := list(ctx, client, applicationResource("applicationinstallations"), metav1.NamespaceAll)
	if notInstalled(err) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	return convert(objects, installedFrom)
}

// collectInstalled collects the installed applications of all Seeds.
func (inst *Installation) collectInstalled() {
	apps := &inst.Applications
	for _, seed := range inst.Seeds {
		apps.Installations = append(apps.Installations, seed.installed...)
		if apps.InstallationsUnknown == nil {
			apps.InstallationsUnknown = seed.installedUnknown
		}
		if apps.InstallationsUnknown == nil && !seed.Read {
			apps.InstallationsUnknown = fmt.Errorf("the clusters of seed %s are not known", seed.Name)
		}
	}
	if len(inst.Seeds) == 0 {
		apps.InstallationsUnknown = errors.New("no Seed is known")
	}
}
