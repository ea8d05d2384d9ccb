package plugin

import (
	"context"
	"io"
	"sync"

	"golang.org/x/sync/errgroup"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/metadata"
	"k8s.io/client-go/rest"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/kkp"
)

// releaseNames returns the names of the Helm releases on the master and on the Seeds. A cluster that
// cannot be read, or does not answer within releasesTime, adds none.
func (i installationReader) releaseNames(ctx context.Context) []string {
	ctx, cancel := context.WithTimeout(ctx, releasesTime)
	defer cancel()
	connect, master, err := i.connected(io.Discard)
	if err != nil {
		return nil
	}
	defer master.Close()
	var found foundNames
	var group errgroup.Group
	group.SetLimit(1 + seedsAtOnce)
	group.Go(func() error {
		found.add(releasesOf(ctx, master.Config))
		return nil
	})
	for _, seed := range i.seedsOf(ctx, master) {
		group.Go(func() error {
			client, err := kkp.SeedClient(ctx, master, seed, connect)
			if err != nil {
				return nil // a shell has no place for errors
			}
			defer client.Close()
			found.add(releasesOf(ctx, client.Config))
			return nil
		})
	}
	_ = group.Wait() // the functions return nil
	return found.names
}

// foundNames collects names that are found concurrently.
type foundNames struct {
	mu    sync.Mutex
	names []string
}

func (f *foundNames) add(names []string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.names = append(f.names, names...)
}

// releasesOf returns the names of the Helm releases in a cluster. Only the metadata of their Secrets is
// read.
func releasesOf(ctx context.Context, config *rest.Config) []string {
	client, err := metadata.NewForConfig(config)
	if err != nil {
		return nil
	}
	list, err := client.Resource(kkp.CoreResource("secrets")).List(ctx, metav1.ListOptions{LabelSelector: "owner=helm,status=deployed", Limit: maxCompleted})
	if err != nil {
		return nil
	}
	var names []string
	for _, secret := range list.Items {
		names = append(names, secret.Labels["name"])
	}
	return names
}
