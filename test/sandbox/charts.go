package sandbox

import (
	"context"
	"fmt"

	"golang.org/x/sync/errgroup"

	"github.com/kkp-mirror/kubectl-kkp_mirror/test/sandbox/releases"
	"github.com/kkp-mirror/kubectl-kkp_mirror/test/sandbox/sample"
)

// startCharts installs the Helm releases, serves the charts of the applications, and creates these on the master.
func (s *Sandbox) startCharts(ctx context.Context, master sample.Cluster) error {
	address, stop, err := releases.Serve()
	if err != nil {
		return fmt.Errorf("serving charts: %w", err)
	}
	s.onStop(stop)
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() error { return releases.Push(ctx, s.Ready.Upstream.Host, s.sample.ChartRepositories()...) })
	group.Go(func() error { return releases.Master(ctx, s.Ready.Seeds[sample.MasterSeed]) })
	group.Go(func() error { return releases.Seed(ctx, s.Ready.Seeds[sample.RemoteSeed]) })
	group.Go(func() error { return s.sample.Applications(ctx, master, address) })

	return group.Wait()
}
