package plugin

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	utilnet "k8s.io/apimachinery/pkg/util/net"
	"k8s.io/cli-runtime/pkg/genericiooptions"
	"k8s.io/cli-runtime/pkg/resource"
	"k8s.io/client-go/discovery"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/catalog"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/transfer"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/kkp"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/plugin/display"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/plugin/option"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/waiting"
)

// seedTimeout bounds a request to a Seed, which may be down. A longer --request-timeout takes
// precedence.
const seedTimeout = 20 * time.Second

// installationReader reads an installation from files, or through a connection to a cluster.
type installationReader struct {
	option.Input
	connection option.Connection
	streams    genericiooptions.IOStreams
}

// load reads the installation and opens the catalog for the selected release. The credentials of
// KKP are added to the registries, after the credentials of the user.
func (i installationReader) load(ctx context.Context, registries *transfer.Registries, parts []kkp.Part) (kkp.Installation, *catalog.Release, error) {
	inst, err := i.read(ctx, parts)
	if err != nil {
		return kkp.Installation{}, nil, err
	}
	release, err := i.open(registries, inst)
	return inst, release, err
}

// open opens the catalog for the selected release of an installation that was read.
func (i installationReader) open(registries *transfer.Registries, inst kkp.Installation) (*catalog.Release, error) {
	addPullSecrets(registries, inst, i.streams.ErrOut)
	return i.release(cmp.Or(i.KKPVersion, inst.Version), cmp.Or(i.Edition, inst.Edition), inst.Live)
}

// read reads parts of an installation, nil for all.
func (i installationReader) read(ctx context.Context, parts []kkp.Part) (kkp.Installation, error) {
	if len(i.Files) > 0 {
		objects, err := i.readFiles()
		if err != nil {
			return kkp.Installation{}, err
		}
		return kkp.FromObjects(objects)
	}
	reading := display.NewReading(i.streams.ErrOut)
	defer reading.Close()
	connect, master, err := i.connected(reading)
	if err != nil {
		return kkp.Installation{}, err
	}
	return kkp.Load(ctx, master, kkp.Request{Namespace: i.connection.Namespace, Connect: connect, Parts: parts, Progress: reading.Progress})
}

// release opens the catalog for a version and an edition; "": unknown.
func (i installationReader) release(version, name string, live bool) (*catalog.Release, error) {
	if version == "" {
		return nil, option.Usage(unknownVersion(live))
	}
	if name == "" {
		fmt.Fprintln(i.streams.ErrOut, "note: the KubermaticConfiguration has no status.kubermaticEdition; "+
			"the Community Edition is assumed (for the Enterprise Edition, pass --edition ee)")
	}
	edition, err := catalog.ParseEdition(cmp.Or(name, string(catalog.CE)))
	if err != nil {
		return nil, option.Usage(err)
	}
	release, err := catalog.Open(version, edition)
	if err != nil && version == i.KKPVersion {
		return nil, option.Usagef("--kkp-version: %w", err)
	}
	return release, err
}

// unknownVersion is the error for a KubermaticConfiguration without a version.
func unknownVersion(live bool) error {
	message := "the KKP version is not known: the KubermaticConfiguration has no status.kubermaticVersion"
	if !live {
		return errors.New(message + "; pass --kkp-version")
	}
	return errors.New(message + ", and no Deployment kubermatic-operator tells the version of KKP; pass --kkp-version, or point --context at the KKP master cluster")
}

// readFiles reads the objects that -f names.
func (i installationReader) readFiles() ([]*unstructured.Unstructured, error) {
	builder := resource.NewBuilder(i.connection).Unstructured().Local().ContinueOnError().Flatten()
	files := resource.FilenameOptions{Recursive: i.Recursive}
	for _, name := range i.Files {
		if name == "-" {
			builder.Stream(i.streams.In, "standard input")
			continue
		}
		files.Filenames = append(files.Filenames, name)
	}
	if len(files.Filenames) > 0 {
		builder.FilenameParam(false, &files)
	}
	infos, err := builder.Do().Infos()
	if err != nil {
		return nil, err
	}
	var objects []*unstructured.Unstructured
	for _, info := range infos {
		if obj, ok := info.Object.(*unstructured.Unstructured); ok {
			objects = append(objects, obj)
		}
	}
	return objects, nil
}

// masterConfig returns the connection to the master cluster. A missing kubeconfig is an error:
// kubectl would connect to localhost, and its error would name a server that the user does not
// know.
func (i installationReader) masterConfig() (*rest.Config, error) {
	loader := i.connection.ToRawKubeConfigLoader()
	raw, err := loader.RawConfig()
	if err != nil {
		return nil, err
	}
	if len(raw.Clusters) == 0 && i.connection.APIServer == "" {
		if config, err := rest.InClusterConfig(); err == nil {
			return config, nil
		}
		return nil, errors.New("no cluster to read: no kubeconfig found. Set KUBECONFIG or pass --kubeconfig for the KKP master cluster, " +
			"or pass the KubermaticConfiguration with -f before KKP is installed")
	}
	config, err := i.connection.ToRESTConfig()
	if clientcmd.IsEmptyConfig(err) {
		return nil, errors.New("the kubeconfig has no current context; choose one with --context")
	}
	return config, err
}

// connected connects to the API of the master cluster.
func (i installationReader) connected(warnings io.Writer) (kkp.Connect, kkp.Client, error) {
	config, err := i.masterConfig()
	if err != nil {
		return nil, kkp.Client{}, err
	}
	connect := connector(config, warnings)
	master, err := connect(config)
	return connect, master, err
}

// connector opens APIs with limits for many concurrent requests. The time limit of the
// configuration for the master also applies to Seeds.
func connector(master *rest.Config, warnings io.Writer) kkp.Connect {
	waits := newWaits(warnings)
	return func(config *rest.Config) (kkp.Client, error) {
		config = rest.CopyConfig(config)
		if config.Timeout == 0 {
			config.Timeout = max(master.Timeout, seedTimeout)
		}
		config.QPS, config.Burst = 50, 100
		config.UserAgent = userAgent()
		config.Wrap(func(inner http.RoundTripper) http.RoundTripper { return waiting.Watch(inner, waits.tell) })
		config.WarningHandler = rest.NewWarningWriter(warnings, rest.WarningWriterOptions{Deduplicate: true})
		connection, err := rest.HTTPClientFor(config)
		if err != nil {
			return kkp.Client{}, err
		}
		client, err := dynamic.NewForConfigAndClient(config, connection)
		if err != nil {
			return kkp.Client{}, err
		}
		api, err := discovery.NewDiscoveryClientForConfigAndClient(config, connection)
		if err != nil {
			return kkp.Client{}, err
		}
		closeIdle := func() { utilnet.CloseIdleConnectionsFor(connection.Transport) }
		return kkp.Client{Interface: client, REST: api.RESTClient(), Discovery: api, Close: closeIdle, Config: config}, nil
	}
}

// userAgent returns the User-Agent of requests.
func userAgent() string { return "kubectl-kkp-mirror/" + version }
