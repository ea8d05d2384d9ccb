package option

import (
	"github.com/spf13/pflag"
	"k8s.io/cli-runtime/pkg/genericclioptions"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/catalog"
)

// InputFlags are the flags that select the installation.
type InputFlags struct{ value Input }

// Input selects the installation.
type Input struct {
	Files      []string // with the objects of the installation; none: a cluster is read
	Recursive  bool     // directories among Files are read with those below them
	KKPVersion string   // such as "v2.31.0"; "": the version that runs
	Edition    string   // "ce" or "ee"; "": the edition that runs
}

// Add adds the flags to those of a command.
func (f *InputFlags) Add(flags *pflag.FlagSet) {
	flags.StringSliceVarP(&f.value.Files, "filename", "f", nil,
		"Read KubermaticConfiguration, Seeds and Clusters from files, directories, URLs or - (stdin) instead of from a cluster")
	flags.BoolVarP(&f.value.Recursive, "recursive", "R", false, "Read the directories given with -f recursively")
	f.AddRelease(flags)
}

// AddRelease adds only the flags for the release, to those of a command that reads a cluster.
func (f *InputFlags) AddRelease(flags *pflag.FlagSet) {
	flags.StringVar(&f.value.KKPVersion, "kkp-version", "", "KKP version, such as v2.31.0 (default: the running one)")
	flags.StringVar(&f.value.Edition, "edition", "", "KKP edition, ce or ee (default: the running one)")
	check(flags, "edition", func(text string) error {
		if text == "" {
			return nil
		}
		_, err := catalog.ParseEdition(text)
		return Usage(err)
	})
}

// Parse returns the value of the flags.
func (f *InputFlags) Parse() Input { return f.value }

// ConnectionFlags are kubectl's flags for the connection to a cluster.
type ConnectionFlags struct {
	flags *genericclioptions.ConfigFlags
}

// NewConnectionFlags returns the flags with their defaults.
func NewConnectionFlags() *ConnectionFlags {
	return &ConnectionFlags{flags: genericclioptions.NewConfigFlags(true)}
}

// Add adds the flags to those of a command. Help shows those that are used most.
func (f *ConnectionFlags) Add(flags *pflag.FlagSet) {
	f.flags.AddFlags(flags)
	shown := map[string]bool{"kubeconfig": true, "context": true, "namespace": true, "request-timeout": true}
	flags.VisitAll(func(flag *pflag.Flag) { flag.Hidden = !shown[flag.Name] })
	flags.Lookup("namespace").Usage = "Namespace of the KubermaticConfiguration (default: all namespaces are searched)"
	flags.Lookup("kubeconfig").Usage = "Path to the kubeconfig `file`; all other connection flags of kubectl work too (run `kubectl options`)"
}

// Connection is the way to the master cluster.
type Connection struct {
	genericclioptions.RESTClientGetter
	Namespace string // of the KubermaticConfiguration; "": not known
	APIServer string // that takes the place of the kubeconfig's; "": none
}

// Parse returns the value of the flags.
func (f *ConnectionFlags) Parse() Connection {
	return Connection{RESTClientGetter: f.flags, Namespace: *f.flags.Namespace, APIServer: *f.flags.APIServer}
}
