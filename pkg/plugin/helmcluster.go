package plugin

import (
	"context"
	"fmt"
	"io"
	"strings"
	"sync"

	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/client-go/discovery"
	"k8s.io/client-go/discovery/cached/memory"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/restmapper"
	"k8s.io/client-go/tools/clientcmd"
	clientcmdapi "k8s.io/client-go/tools/clientcmd/api"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/chart/redirect/installed"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/chart/upgrade"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/kkp"
)

// helmCluster connects Helm to the cluster of a release, with three clients: one makes changes, one
// sends dry runs only, and one is for templates, which can read only the namespace of the release.
func (o patchHelmOptions) helmCluster(ctx context.Context, r installed.Redirected) (upgrade.Cluster, error) {
	config, err := o.installation.masterConfig()
	if err != nil {
		return upgrade.Cluster{}, err
	}
	connect := connector(config, o.streams.ErrOut)
	if r.Seed != nil {
		master, err := connect(config)
		if err != nil {
			return upgrade.Cluster{}, err
		}
		if config, err = kkp.SeedConfig(ctx, master, *r.Seed); err != nil {
			return upgrade.Cluster{}, err
		}
	}
	client, err := connect(config)
	if err != nil {
		return upgrade.Cluster{}, err
	}
	progress := &helmProgress{out: o.streams.ErrOut, release: r.ID()}
	changing, err := configuration(config, r.Namespace, progress.log)
	if err != nil {
		return upgrade.Cluster{}, err
	}
	trying, err := configuration(dryRunConfig(config), r.Namespace, progress.log)
	if err != nil {
		return upgrade.Cluster{}, err
	}
	if changing.RESTClientGetter, err = newClusterGetter(namespaceConfig(config, r.Namespace), r.Namespace); err != nil {
		return upgrade.Cluster{}, err
	}
	history := func(ctx context.Context) ([]upgrade.Stored, error) {
		stored, err := kkp.History(ctx, client, r.Namespace, r.Name)
		var revisions []upgrade.Stored
		for _, revision := range stored {
			revisions = append(revisions, upgrade.Stored(revision))
		}
		return revisions, err
	}
	notReady := func(ctx context.Context, namespace, selector string) ([]upgrade.Pod, error) {
		found, err := kkp.NotReadyPods(ctx, client, namespace, selector)
		var pods []upgrade.Pod
		for _, pod := range found {
			pods = append(pods, upgrade.Pod(pod))
		}
		return pods, err
	}
	return upgrade.Cluster{Configuration: changing, DryRun: trying.KubeClient, History: history, NotReady: notReady}, nil
}

// configuration connects Helm to a cluster.
func configuration(config *rest.Config, namespace string, log func(string, ...any)) (*upgrade.Configuration, error) {
	getter, err := newClusterGetter(config, namespace)
	if err != nil {
		return nil, err
	}
	cluster := &upgrade.Configuration{}
	return cluster, cluster.Init(getter, namespace, "secret", log)
}

// helmProgress prints the object that Helm waits for, each time the object or its state changes.
type helmProgress struct {
	out     io.Writer
	release string

	mu   sync.Mutex
	last string
}

// log receives the log messages of Helm (helm pkg/kube/ready.go, v3).
func (p *helmProgress) log(format string, args ...any) {
	if !strings.Contains(format, " is not ready: ") {
		return
	}
	text := fmt.Sprintf(format, args...)
	p.mu.Lock()
	defer p.mu.Unlock()
	if text != p.last {
		p.last = text
		fmt.Fprintf(p.out, "%s: %s\n", p.release, text)
	}
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

// ToRawKubeConfigLoader implements genericclioptions.RESTClientGetter. Helm reads only the
// namespace.
func (g *clusterGetter) ToRawKubeConfigLoader() clientcmd.ClientConfig {
	return clientcmd.NewDefaultClientConfig(clientcmdapi.Config{}, &clientcmd.ConfigOverrides{Context: clientcmdapi.Context{Namespace: g.namespace}})
}
