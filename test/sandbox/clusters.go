package sandbox

import (
	"context"
	"fmt"
	"path/filepath"

	"golang.org/x/sync/errgroup"

	"github.com/kkp-mirror/kubectl-kkp_mirror/test/sandbox/admission"
	"github.com/kkp-mirror/kubectl-kkp_mirror/test/sandbox/apiserver"
	"github.com/kkp-mirror/kubectl-kkp_mirror/test/sandbox/controllers"
	"github.com/kkp-mirror/kubectl-kkp_mirror/test/sandbox/node"
	"github.com/kkp-mirror/kubectl-kkp_mirror/test/sandbox/releases"
	"github.com/kkp-mirror/kubectl-kkp_mirror/test/sandbox/sample"
)

// startClusters starts the API servers and puts the sample into them. The first server is the master and, at the same
// time, a seed. If options.Empty is set, there is only this one, for a first installation.
func (s *Sandbox) startClusters(ctx context.Context, options Options) error {
	etcd, err := apiserver.StartEtcd(ctx, filepath.Join(s.Ready.Dir, "etcd"))
	if err != nil {
		return err
	}
	s.onStop(etcd.Stop)
	s.onStop(func() { apiserver.StopAll(s.servers) })
	if options.Empty {
		return s.startEmpty(ctx, etcd.URL)
	}

	clusters := map[string]sample.Cluster{}
	filling, fillCtx := errgroup.WithContext(ctx)
	// The seed of the user cluster keeps its kubeconfig.
	for _, name := range []string{sample.UserCluster, sample.MasterSeed, sample.RemoteSeed} {
		server, cluster, err := s.startCluster(ctx, name, etcd.URL)
		if err != nil {
			filling.Go(func() error { return err })
			break
		}
		clusters[name] = cluster
		user := clusters[sample.UserCluster]
		filling.Go(func() error {
			if err := server.Wait(fillCtx); err != nil {
				return err
			}
			if err := s.fill(fillCtx, name, cluster, user); err != nil {
				return fmt.Errorf("filling the API server %s: %w", name, err)
			}
			return s.startControllers(fillCtx, cluster)
		})
	}
	if err := filling.Wait(); err != nil {
		return err
	}
	delete(clusters, sample.UserCluster)

	return s.finish(ctx, options, clusters)
}

// startEmpty starts the API server of the master without an installation.
func (s *Sandbox) startEmpty(ctx context.Context, etcdURL string) error {
	server, cluster, err := s.startCluster(ctx, sample.MasterSeed, etcdURL)
	if err != nil {
		return err
	}
	if err := server.Wait(ctx); err != nil {
		return err
	}
	if err := s.sample.Define(ctx, cluster); err != nil {
		return err
	}

	return releases.Push(ctx, s.Ready.Upstream.Host, s.sample.ChartRepositories()...)
}

// finish does what needs all seeds.
func (s *Sandbox) finish(ctx context.Context, options Options, seeds map[string]sample.Cluster) error {
	if err := s.sample.Master(ctx, seeds[sample.MasterSeed], seeds); err != nil {
		return err
	}
	if err := s.startCharts(ctx, seeds[sample.MasterSeed]); err != nil {
		return err
	}
	if err := s.addClusters(ctx, options.Clusters, seeds); err != nil {
		return fmt.Errorf("creating more user clusters: %w", err)
	}
	for name, seed := range seeds {
		if err := s.startWebhook(ctx, name, seed); err != nil {
			return fmt.Errorf("the webhook of %s: %w", name, err)
		}
	}

	return nil
}

// startWebhook starts KKP's rules for an API server, which asks them from then on. What is in it fits them.
func (s *Sandbox) startWebhook(ctx context.Context, name string, cluster sample.Cluster) error {
	live := admission.Live{Config: cluster.Config, Namespace: sample.Namespace, Master: name == sample.MasterSeed}
	server, err := admission.Serve(s.sample.Release.Default, live)
	if err != nil {
		return err
	}
	s.onStop(server.Stop)

	return server.Register(ctx, cluster.Config, sample.Namespace, sample.Configuration)
}

// startControllers has the namespaces live that ask for it. They stop before their API server.
func (s *Sandbox) startControllers(ctx context.Context, cluster sample.Cluster) error {
	running, err := controllers.Start(ctx, cluster.Config, node.Name)
	if err == nil {
		s.onStop(running.Stop)
	}

	return err
}

// fill puts a part of the sample into its API server. user is the user cluster with an API server of its own.
func (s *Sandbox) fill(ctx context.Context, name string, cluster, user sample.Cluster) error {
	if name == sample.UserCluster {
		return s.sample.User(ctx, cluster)
	}
	if err := s.sample.Prepare(ctx, cluster, name == sample.MasterSeed); err != nil {
		return err
	}

	return s.sample.Seed(ctx, name, cluster, user)
}

func (s *Sandbox) startCluster(ctx context.Context, name, etcdURL string) (*apiserver.Server, sample.Cluster, error) {
	server, err := apiserver.Start(ctx, name, filepath.Join(s.Ready.Dir, "apiserver-"+name), etcdURL, s.requests, s.sample.Release.UserPods)
	if err != nil {
		return nil, sample.Cluster{}, err
	}
	s.servers = append(s.servers, server)

	cluster := sample.Cluster{Config: server.RESTConfig()}
	cluster.Kubeconfig, err = server.AdminKubeconfig()
	if err != nil {
		return nil, cluster, err
	}
	path, err := s.write(name+".kubeconfig", cluster.Kubeconfig)
	if err != nil {
		return server, cluster, err
	}
	switch name {
	case sample.UserCluster:
		s.Ready.Clusters[name] = path
	case sample.MasterSeed:
		s.Ready.Kubeconfig, s.Ready.Seeds[name] = path, path
		err = s.addUsers(server, sample.RestrictedUser, sample.ApplicationsUser)
	default:
		s.Ready.Seeds[name] = path
		err = s.addUsers(server, sample.MinioUser)
	}

	return server, cluster, err
}

func (s *Sandbox) addUsers(server *apiserver.Server, users ...string) error {
	for _, user := range users {
		kubeconfig, err := server.UserKubeconfig(user)
		if err != nil {
			return err
		}
		if s.Ready.Users[user], err = s.write(user+".kubeconfig", kubeconfig); err != nil {
			return err
		}
	}

	return nil
}
