package plugin

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/cli-runtime/pkg/genericclioptions"
	"k8s.io/cli-runtime/pkg/genericiooptions"
	"k8s.io/cli-runtime/pkg/resource"
	"k8s.io/client-go/discovery"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/catalog"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/transfer"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/kkp"
)

// seedTimeout bounds a request to a Seed, which may be down, unless --request-timeout
// says otherwise.
const seedTimeout = 20 * time.Second

// inputFlags say which installation a command is about.
type inputFlags struct {
	connection *genericclioptions.ConfigFlags
	files      resource.FilenameOptions
	kkpVersion string
	edition    string
}

func newInputFlags() *inputFlags {
	return &inputFlags{connection: genericclioptions.NewConfigFlags(true)}
}

func (f *inputFlags) add(flags *pflag.FlagSet) {
	flags.StringSliceVarP(&f.files.Filenames, "filename", "f", nil,
		"Read KubermaticConfiguration, Seeds and Clusters from files, directories, URLs or - (stdin), not from a cluster")
	flags.BoolVarP(&f.files.Recursive, "recursive", "R", false, "Read the directories given with -f recursively")
	flags.StringVar(&f.kkpVersion, "kkp-version", "", "KKP version to list images for, such as v2.31.0 (default: the one that runs)")
	flags.StringVar(&f.edition, "edition", "", "KKP edition, ce or ee (default: the one that runs)")
}

// addConnection adds kubectl's connection flags; help shows those that are used most.
func (f *inputFlags) addConnection(flags *pflag.FlagSet) {
	f.connection.AddFlags(flags)
	shown := map[string]bool{"kubeconfig": true, "context": true, "namespace": true, "request-timeout": true}
	flags.VisitAll(func(flag *pflag.Flag) { flag.Hidden = !shown[flag.Name] })
	flags.Lookup("namespace").Usage = "Namespace of the KubermaticConfiguration (default: wherever it is)"
	flags.Lookup("kubeconfig").Usage = "Path to the kubeconfig file; all other connection flags of kubectl work too (run 'kubectl options')"
}

// load reads the installation and opens the catalog for the release that is asked for. The
// registries that KKP has credentials for are reached with them, where the user has none.
func (f *inputFlags) load(ctx context.Context, cmd *cobra.Command, streams genericiooptions.IOStreams, registries *transfer.Registries, parts []kkp.Part) (
	kkp.Installation, *catalog.Release, error,
) {
	inst, err := f.installation(ctx, streams, parts)
	if err != nil {
		return kkp.Installation{}, nil, err
	}
	addPullSecrets(registries, inst, streams.ErrOut)
	release, err := f.release(cmd, cmp.Or(f.kkpVersion, inst.Version), cmp.Or(f.edition, inst.Edition), inst.Live)
	return inst, release, err
}

// installation reads the parts of an installation that are wanted, nil for all.
func (f *inputFlags) installation(ctx context.Context, streams genericiooptions.IOStreams, parts []kkp.Part) (kkp.Installation, error) {
	if len(f.files.Filenames) > 0 {
		objects, err := f.readFiles(streams.In)
		if err != nil {
			return kkp.Installation{}, err
		}
		return kkp.FromObjects(objects)
	}
	config, err := f.masterConfig()
	if err != nil {
		return kkp.Installation{}, err
	}
	connect := connector(config, streams.ErrOut)
	master, err := connect(config)
	if err != nil {
		return kkp.Installation{}, err
	}
	return kkp.Load(ctx, master, kkp.Request{Namespace: *f.connection.Namespace, Connect: connect, Parts: parts})
}

// release opens the catalog for a version and an edition, "" if they are not known.
func (f *inputFlags) release(cmd *cobra.Command, version, name string, live bool) (*catalog.Release, error) {
	if version == "" {
		message := "the KKP version is not known: the KubermaticConfiguration has no status.kubermaticVersion; pass --kkp-version"
		if live {
			message += ", or point --context at the KKP master cluster: the master-controller-manager sets the version only there"
		}
		return nil, usageError(cmd, errors.New(message))
	}
	if name == "" {
		fmt.Fprintln(cmd.ErrOrStderr(), "note: the edition is not known, because the KubermaticConfiguration has no status.kubermaticEdition; "+
			"this is for the Community Edition, --edition ee is for the Enterprise Edition")
	}
	edition, err := catalog.ParseEdition(cmp.Or(name, string(catalog.CE)))
	if err != nil {
		return nil, usageError(cmd, err)
	}
	release, err := catalog.Open(version, edition)
	if err != nil && version == f.kkpVersion {
		return nil, usageError(cmd, fmt.Errorf("--kkp-version: %w", err))
	}
	return release, err
}

// readFiles reads the objects that -f names.
func (f *inputFlags) readFiles(stdin io.Reader) ([]*unstructured.Unstructured, error) {
	builder := resource.NewBuilder(f.connection).Unstructured().Local().ContinueOnError().Flatten()
	options := f.files
	options.Filenames = nil
	for _, name := range f.files.Filenames {
		if name == "-" {
			builder.Stream(stdin, "standard input")
			continue
		}
		options.Filenames = append(options.Filenames, name)
	}
	if len(options.Filenames) > 0 {
		builder.FilenameParam(false, &options)
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

// masterConfig returns how to reach the master cluster. kubectl's last resort, a server
// on localhost, is refused: nobody runs KKP there, and the error would name a server that
// the user never heard of.
func (f *inputFlags) masterConfig() (*rest.Config, error) {
	loader := f.connection.ToRawKubeConfigLoader()
	raw, err := loader.RawConfig()
	if err != nil {
		return nil, err
	}
	if len(raw.Clusters) == 0 && *f.connection.APIServer == "" {
		if config, err := rest.InClusterConfig(); err == nil {
			return config, nil
		}
		return nil, errors.New("no cluster to read: there is no kubeconfig. Set KUBECONFIG or pass --kubeconfig for the KKP master cluster, " +
			"or pass the KubermaticConfiguration with -f before KKP is installed")
	}
	config, err := f.connection.ToRESTConfig()
	if clientcmd.IsEmptyConfig(err) {
		return nil, errors.New("the kubeconfig has no current context; choose one with --context")
	}
	return config, err
}

// connector opens APIs with the limits of a tool that reads a lot at once. What the
// master's configuration says about time limits holds for Seeds, too.
func connector(master *rest.Config, warnings io.Writer) kkp.Connect {
	return func(config *rest.Config) (kkp.Client, error) {
		config = rest.CopyConfig(config)
		if config.Timeout == 0 {
			config.Timeout = max(master.Timeout, seedTimeout)
		}
		config.QPS, config.Burst = 50, 100
		config.UserAgent = userAgent()
		config.WarningHandler = rest.NewWarningWriter(warnings, rest.WarningWriterOptions{Deduplicate: true})
		client, err := dynamic.NewForConfig(config)
		if err != nil {
			return kkp.Client{}, err
		}
		api, err := discovery.NewDiscoveryClientForConfig(config)
		return kkp.Client{Interface: client, Discovery: api}, err
	}
}

// userAgent is how the plugin introduces itself to servers.
func userAgent() string { return "kubectl-kkp-mirror/" + version }
