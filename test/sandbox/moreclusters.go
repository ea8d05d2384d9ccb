package sandbox

import (
	"bytes"
	"context"
	"fmt"
	"net/url"
	"sync"

	"golang.org/x/sync/errgroup"

	"github.com/kkp-mirror/kubectl-kkp_mirror/test/sandbox/apiserver"
	"github.com/kkp-mirror/kubectl-kkp_mirror/test/sandbox/forward"
	"github.com/kkp-mirror/kubectl-kkp_mirror/test/sandbox/sample"
)

// addClusters creates more user clusters, in turn on each seed. The API server of the seed stands in for theirs, at an address
// for each of them, and with the pods of each.
func (s *Sandbox) addClusters(ctx context.Context, count int, seeds map[string]sample.Cluster) error {
	names := map[string][]string{}
	for i := range count {
		seed := []string{sample.MasterSeed, sample.RemoteSeed}[i%2]
		names[seed] = append(names[seed], fmt.Sprintf("more%06d", i))
	}
	var mutex sync.Mutex
	var all []*forward.Forwarder
	s.onStop(func() {
		for _, forwarder := range all {
			forwarder.Stop()
		}
	})
	creating, ctx := errgroup.WithContext(ctx)
	for name, seed := range seeds {
		server, err := url.Parse(seed.Config.Host)
		if err != nil {
			return err
		}
		creating.Go(func() error {
			return s.sample.MoreClusters(ctx, name, seed, names[name], func(cluster string) ([]byte, error) {
				forwarder, err := forward.Start(server.Host)
				if err != nil {
					return nil, err
				}
				mutex.Lock()
				defer mutex.Unlock()
				all = append(all, forwarder)

				return bytes.ReplaceAll(seed.Kubeconfig, []byte(server.Host), []byte(forwarder.Address+apiserver.StandInPath(cluster))), nil
			})
		})
	}

	return creating.Wait()
}
