package plugin

import (
	"context"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/images/catalog"
	"github.com/kkp-mirror/kubectl-kkp_mirror/pkg/kkp"
)

const (
	// completionTime bounds what the shell waits for. A cluster that does not answer in this time
	// offers nothing.
	completionTime = 2 * time.Second
	// releasesTime bounds the requests to all clusters for the names of releases. The rest of
	// completionTime is for offering the names of the clusters that have answered.
	releasesTime = completionTime * 3 / 4
	// seedsAtOnce bounds the number of Seeds that are read concurrently.
	seedsAtOnce = 8
	// maxCompleted is the number of objects that are read from a cluster for completion.
	maxCompleted = 500
)

// completing completes arguments or values with names that are found within completionTime. Names
// that are arguments already are not offered again. Errors are not shown: a shell has no place
// for them.
func completing(find func(ctx context.Context, args []string) []string) cobra.CompletionFunc {
	return func(cmd *cobra.Command, args []string, begun string) ([]string, cobra.ShellCompDirective) {
		ctx, cancel := context.WithTimeout(contextOf(cmd.Context()), completionTime)
		defer cancel()
		found := make(chan []string, 1)
		go func() { found <- find(ctx, args) }()
		select {
		case names := <-found:
			names = slices.DeleteFunc(names, func(name string) bool { return !strings.HasPrefix(name, begun) || slices.Contains(args, name) })
			slices.Sort(names)
			return slices.Compact(names), cobra.ShellCompDirectiveNoFileComp
		case <-ctx.Done():
			return nil, cobra.ShellCompDirectiveNoFileComp
		}
	}
}

// completingPath lets the shell complete one path of this machine. cobra offers no paths for commands
// that have commands of their own.
func completingPath() cobra.CompletionFunc {
	return func(_ *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
		if len(args) > 0 {
			return nil, cobra.ShellCompDirectiveNoFileComp
		}
		return nil, cobra.ShellCompDirectiveDefault
	}
}

// contextOf returns the context of a command, which completion does not always have.
func contextOf(ctx context.Context) context.Context {
	if ctx == nil {
		return context.Background()
	}
	return ctx
}

// seeds returns the Seeds of the live installation, nil if they cannot be read.
func (i installationReader) seeds(ctx context.Context) []kkp.Seed {
	_, master, err := i.connected(io.Discard)
	if err != nil {
		return nil
	}
	defer master.Close()
	return i.seedsOf(ctx, master)
}

func (i installationReader) seedsOf(ctx context.Context, master kkp.Client) []kkp.Seed {
	list, err := master.Resource(kkp.SeedResource()).Namespace(i.connection.Namespace).List(ctx, metav1.ListOptions{Limit: maxCompleted})
	if err != nil {
		return nil
	}
	var seeds []kkp.Seed
	for n := range list.Items {
		if seed, err := kkp.SeedFrom(&list.Items[n]); err == nil {
			seeds = append(seeds, seed)
		}
	}
	return seeds
}

// seedNames returns the names of the Seeds.
func (i installationReader) seedNames(ctx context.Context) []string {
	var names []string
	for _, seed := range i.seeds(ctx) {
		names = append(names, seed.Name)
	}
	return names
}

// jobClusters returns the clusters that can run the Jobs of sync, as --on takes them.
func (i installationReader) jobClusters(ctx context.Context) []string {
	clusters := []string{"master"}
	for _, name := range i.seedNames(ctx) {
		clusters = append(clusters, "seed/"+name)
	}
	return clusters
}

// datacenterNames returns the names of the datacenters of a Seed, "" for all Seeds.
func (i installationReader) datacenterNames(ctx context.Context, of string) []string {
	var names []string
	for _, seed := range i.seeds(ctx) {
		if of != "" && seed.Name != of {
			continue
		}
		for _, datacenter := range seed.Datacenters {
			names = append(names, datacenter.Name)
		}
	}
	return names
}

// newestRelease returns the newest release of the catalog, for names that hardly change between
// releases; nil if the catalog has none.
func newestRelease() *catalog.Release {
	supported := catalog.Supported()
	if len(supported) == 0 {
		return nil
	}
	release, err := catalog.Open(supported[len(supported)-1], catalog.EE)
	if err != nil {
		return nil
	}
	return release
}

// providerNames are the cloud providers that KKP knows.
func providerNames() []string {
	release := newestRelease()
	if release == nil {
		return nil
	}
	return release.Providers()
}

// fieldNames are the repository fields of the KubermaticConfiguration, as patch-config takes them.
func fieldNames() []string {
	release := newestRelease()
	if release == nil {
		return nil
	}
	var names []string
	for _, setting := range release.AllSettings() {
		names = append(names, strings.TrimPrefix(setting.Field, "spec."))
	}
	slices.Sort(names)
	return slices.Compact(names)
}
