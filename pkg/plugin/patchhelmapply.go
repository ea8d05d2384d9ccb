package plugin

import (
	"context"
	"fmt"
	"slices"

	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/client-go/discovery"
	"k8s.io/client-go/discovery/cached/memory"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/restmapper"
	"k8s.io/client-go/tools/clientcmd"
	clientcmdapi "k8s.io/client-go/tools/clientcmd/api"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/chart/redirect"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/chart/upgrade"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/kkp"
)

// upgradeAll upgrades the releases that values were found for, one after the other. One
// that is refused does not keep the others from it.
func (c *patchHelmCommand) upgradeAll(ctx context.Context, found helmReleases, target images.Target) error {
	releases := slices.DeleteFunc(slices.Clone(found.releases), func(r helmRelease) bool { return len(r.Keys) == 0 })
	if len(releases) == 0 {
		fmt.Fprintln(c.streams.ErrOut, "nothing to do: no values redirect anything")
		return nil
	}
	if c.dryRun == dryRunClient {
		for _, r := range releases {
			fmt.Fprintf(c.streams.Out, "%s would be upgraded (client dry run)\n", r.ID())
		}
		return nil
	}
	if !c.skipVerify {
		if err := checkMirror(ctx, found.registries, target, redirected(releases), c.registries.jobs); err != nil {
			return err
		}
	}
	failed := 0
	for _, r := range releases {
		if err := c.upgradeOne(ctx, r); err != nil {
			if ctx.Err() != nil {
				return ctx.Err()
			}
			fmt.Fprintf(c.streams.ErrOut, "%s: not upgraded: %v\n", r.ID(), err)
			failed++
		}
	}
	if failed > 0 {
		return &PartialError{Message: fmt.Sprintf("%d of %s were not upgraded", failed, count(len(releases), "release"))}
	}
	return nil
}

// redirected are the upstream names of what will come from the mirror.
func redirected(releases []helmRelease) []images.Ref {
	var refs []images.Ref
	for _, r := range releases {
		for _, image := range r.Images {
			if image.State == redirect.Redirected && !slices.Contains(refs, *image.Source) {
				refs = append(refs, *image.Source)
			}
		}
	}
	return refs
}

// upgradeOne lets the API server check an upgrade, and then does it.
func (c *patchHelmCommand) upgradeOne(ctx context.Context, r helmRelease) error {
	cluster, err := c.helmCluster(ctx, r)
	if err != nil {
		return err
	}
	release := upgrade.Release{
		Name: r.Name, Namespace: r.Namespace, Revision: r.Revision, Chart: r.chart, Config: r.Config, Override: r.Values, Images: r.Images,
	}
	if err := release.Check(ctx, cluster); err != nil {
		return err
	}
	if c.dryRun == dryRunServer {
		fmt.Fprintf(c.streams.Out, "%s would be upgraded (server dry run)\n", r.ID())
		return nil
	}
	revision, err := release.Apply(ctx, cluster, c.upgrade)
	if err != nil {
		return err
	}
	fmt.Fprintf(c.streams.Out, "%s upgraded to revision %d; to undo it: %s\n", r.ID(), revision,
		shellCommand("helm", "rollback", r.Name, fmt.Sprint(r.Revision), "--namespace", r.Namespace))
	return nil
}

// helmCluster is Helm's way to the cluster of a release.
func (c *patchHelmCommand) helmCluster(ctx context.Context, r helmRelease) (*upgrade.Configuration, error) {
	config, err := c.input.masterConfig()
	if err != nil {
		return nil, err
	}
	if r.seed != nil {
		master, err := connector(config, c.streams.ErrOut)(config)
		if err != nil {
			return nil, err
		}
		if config, err = kkp.SeedConfig(ctx, master, *r.seed); err != nil {
			return nil, err
		}
	}
	getter, err := newClusterGetter(config, r.Namespace)
	if err != nil {
		return nil, err
	}
	cluster := &upgrade.Configuration{}
	return cluster, cluster.Init(getter, r.Namespace, "secret", func(string, ...any) {})
}

// clusterGetter is cli-runtime's RESTClientGetter for one cluster and namespace.
type clusterGetter struct {
	config    *rest.Config
	namespace string
	discovery discovery.CachedDiscoveryInterface
}

func newClusterGetter(config *rest.Config, namespace string) (*clusterGetter, error) {
	config = rest.CopyConfig(config)
	config.QPS, config.Burst, config.UserAgent = 50, 100, userAgent()
	client, err := discovery.NewDiscoveryClientForConfig(config)
	if err != nil {
		return nil, err
	}
	return &clusterGetter{config: config, namespace: namespace, discovery: memory.NewMemCacheClient(client)}, nil
}

// ToRESTConfig implements genericclioptions.RESTClientGetter.
func (g *clusterGetter) ToRESTConfig() (*rest.Config, error) { return rest.CopyConfig(g.config), nil }

// ToDiscoveryClient implements genericclioptions.RESTClientGetter.
func (g *clusterGetter) ToDiscoveryClient() (discovery.CachedDiscoveryInterface, error) {
	return g.discovery, nil
}

// ToRESTMapper implements genericclioptions.RESTClientGetter.
func (g *clusterGetter) ToRESTMapper() (meta.RESTMapper, error) {
	return restmapper.NewDeferredDiscoveryRESTMapper(g.discovery), nil
}

// ToRawKubeConfigLoader implements genericclioptions.RESTClientGetter. Helm asks it for the
// namespace only.
func (g *clusterGetter) ToRawKubeConfigLoader() clientcmd.ClientConfig {
	return clientcmd.NewDefaultClientConfig(clientcmdapi.Config{}, &clientcmd.ConfigOverrides{Context: clientcmdapi.Context{Namespace: g.namespace}})
}
