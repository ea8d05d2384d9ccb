package kkp

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"golang.org/x/sync/errgroup"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/discovery"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/pager"
)

// Client is a client of an API server.
type Client struct {
	dynamic.Interface
	Discovery discovery.DiscoveryInterface // nil: version and resources are not read
}

// Connect returns a client for an API server.
type Connect func(*rest.Config) (Client, error)

// pageSize is the number of objects per request.
const pageSize = 500

// seedsAtOnce bounds the number of Seeds that are read concurrently.
const seedsAtOnce = 8

// Request selects the parts of an installation to read.
type Request struct {
	Namespace string // namespace of the KubermaticConfiguration, "" for any
	Connect   Connect
	Parts     []Part // in addition to the configuration, Seeds and Clusters; nil: all but PartProfiles

	setups *setups // reads PartProfiles; nil: not requested
}

func (r Request) wants(part Part) bool { return r.Parts == nil || slices.Contains(r.Parts, part) }

// Load reads an installation from the API of the master cluster. It fails with a
// *ConfigurationError if the configuration cannot be read. Other parts that cannot be read are in
// Unread.
func Load(ctx context.Context, master Client, r Request) (Installation, error) {
	configuration, err := loadConfiguration(ctx, master, r.Namespace)
	if err != nil {
		return Installation{}, err
	}
	inst := Installation{Configuration: configuration, Live: true}
	if slices.Contains(r.Parts, PartProfiles) {
		r.setups = newSetups(r.Connect)
	}
	inst.loadRunning(ctx, master)
	inst.PullSecret = loadPullSecret(ctx, master, configuration.Namespace)
	seeds, err := loadSeeds(ctx, master, configuration.Namespace)
	if err != nil {
		inst.Unread = append(inst.Unread, Unread{Part: PartSeeds, Subject: "namespace " + configuration.Namespace, Err: unread("master", err)})
	}
	inst.Unread = append(inst.Unread, r.readMaster(ctx, master, &inst)...)
	var missed []Unread
	inst.Seeds, missed = r.readSeeds(ctx, master, seeds)
	inst.Unread = append(inst.Unread, missed...)
	inst.resolveVersion()
	inst.collectInstalled()
	return inst, ctx.Err()
}

// readMaster reads the parts of the master cluster.
func (r Request) readMaster(ctx context.Context, master Client, inst *Installation) []Unread {
	var all, missed []Unread
	namespace := inst.Configuration.Namespace
	if r.wants(PartPods) || inst.Configuration.Status.KubermaticEdition == "" { // see resolveVersion
		inst.Pods, missed = loadPods(ctx, master, "master", masterNamespaces(namespace))
		all = append(all, missed...)
	}
	if r.wants(PartReleases) {
		inst.Releases, missed = loadReleases(ctx, master, "master", namespace)
		all = append(all, missed...)
	}
	if r.wants(PartAPI) {
		inst.API = readAPI(master.Discovery)
	}
	if r.wants(PartApps) {
		inst.Applications, missed = loadApplications(ctx, master, namespace)
		all = append(all, missed...)
	}
	return all
}

func loadConfiguration(ctx context.Context, master dynamic.Interface, namespace string) (Configuration, error) {
	objects, err := list(ctx, master, ConfigurationResource(), namespace)
	if err != nil {
		return Configuration{}, &ConfigurationError{Namespace: namespace, Err: err}
	}
	configuration, err := onlyConfiguration(objects, namespace)
	var failure *ConfigurationError
	if errors.As(err, &failure) && len(failure.Found) == 0 && namespace != "" {
		// Without the right to list in all namespaces, the error names no other namespace.
		others, _ := list(ctx, master, ConfigurationResource(), metav1.NamespaceAll)
		for _, obj := range others {
			failure.Elsewhere = append(failure.Elsewhere, obj.GetNamespace())
		}
	}
	return configuration, err
}

// onlyConfiguration returns the KubermaticConfiguration if there is exactly one.
func onlyConfiguration(objects []*unstructured.Unstructured, namespace string) (Configuration, error) {
	if len(objects) != 1 {
		failure := &ConfigurationError{Namespace: namespace}
		for _, obj := range objects {
			failure.Found = append(failure.Found, objectName(obj))
		}
		return Configuration{}, failure
	}
	return configurationFrom(objects[0])
}

func loadSeeds(ctx context.Context, master dynamic.Interface, namespace string) ([]Seed, error) {
	objects, err := list(ctx, master, SeedResource(), namespace)
	if err != nil {
		return nil, err
	}
	return convert(objects, seedFrom)
}

// convert returns a view of each object. The error names the objects that could not be decoded; the
// others are returned with it.
func convert[T any](objects []*unstructured.Unstructured, from func(*unstructured.Unstructured) (T, error)) ([]T, error) {
	var views []T
	var failures []error
	for _, obj := range objects {
		view, err := from(obj)
		if err != nil {
			failures = append(failures, err)
			continue
		}
		views = append(views, view)
	}
	return views, errors.Join(failures...)
}

// readSeeds reads the cluster of each Seed, several concurrently.
func (r Request) readSeeds(ctx context.Context, master dynamic.Interface, seeds []Seed) ([]Seed, []Unread) {
	missed := make([][]Unread, len(seeds))
	var group errgroup.Group
	group.SetLimit(seedsAtOnce)
	for i := range seeds {
		group.Go(func() error {
			missed[i] = r.readSeed(ctx, master, &seeds[i])
			return nil
		})
	}
	_ = group.Wait() // the functions return nil: what fails is in missed
	var all []Unread
	for _, u := range missed {
		all = append(all, u...)
	}
	return seeds, all
}

// readSeed reads the parts of the cluster of a Seed.
func (r Request) readSeed(ctx context.Context, master dynamic.Interface, seed *Seed) []Unread {
	subject := "seed " + seed.Name
	client, err := seedClient(ctx, master, seed.Kubeconfig, r.Connect)
	if err != nil {
		return nothingOf(subject, &UnreachableError{Cluster: subject, Err: err})
	}
	objects, err := list(ctx, client, clusterResource(), metav1.NamespaceAll)
	err = unread(subject, err)
	if errors.As(err, new(*UnreachableError)) {
		return nothingOf(subject, err) // every further request would have the same timeout
	}
	own := !sameCluster(ctx, master, client) // otherwise its parts are read as the master
	if r.wants(PartAPI) {
		seed.API = readAPI(client.Discovery)
	}
	var missed []Unread
	if own && r.wants(PartReleases) {
		seed.Releases, missed = loadReleases(ctx, client, subject, seed.Namespace)
	}
	if err == nil {
		seed.Clusters, err = convert(objects, clusterFrom)
	}
	if err != nil {
		missed = append(missed, Unread{PartClusters, subject, err})
	}
	seed.Read = err == nil
	return append(missed, r.readClusters(ctx, client, seed, own)...)
}

// nothingOf returns an Unread for each part of the cluster of a Seed.
func nothingOf(subject string, err error) []Unread {
	return []Unread{{PartClusters, subject, err}, {PartPods, subject, err}, {PartReleases, subject, err}}
}

// readClusters reads the namespaces of the user clusters, and the user clusters.
func (r Request) readClusters(ctx context.Context, client Client, seed *Seed, own bool) []Unread {
	subject := "seed " + seed.Name
	var missed []Unread
	if r.wants(PartAddons) {
		if err := loadAddons(ctx, client, seed.Clusters); err != nil {
			missed = append(missed, Unread{PartAddons, subject, unread(subject, err)})
		}
	}
	if r.wants(PartApps) {
		seed.installed, seed.installedUnknown = loadInstalled(ctx, client, seed.Clusters, r.Connect)
	}
	if r.setups != nil {
		missed = append(missed, r.setups.readSetups(ctx, client, seed)...)
	}
	if !r.wants(PartPods) {
		return missed
	}
	var namespaces []string
	if own {
		namespaces = masterNamespaces(seed.Namespace)
	}
	for _, cluster := range seed.Clusters {
		namespaces = append(namespaces, cluster.Namespace)
	}
	var more []Unread
	seed.Pods, more = loadPods(ctx, client, subject, namespaces)
	return append(missed, more...)
}

// list reads all objects of a resource, page by page.
func list(ctx context.Context, client dynamic.Interface, resource schema.GroupVersionResource, namespace string) ([]*unstructured.Unstructured, error) {
	return listSelected(ctx, client, resource, namespace, "")
}

// listSelected reads the objects of a resource that have certain labels, page by page.
func listSelected(ctx context.Context, client dynamic.Interface, resource schema.GroupVersionResource, namespace, selector string) (
	[]*unstructured.Unstructured, error,
) {
	pages := pager.New(func(ctx context.Context, opts metav1.ListOptions) (runtime.Object, error) {
		return client.Resource(resource).Namespace(namespace).List(ctx, opts)
	})
	pages.PageSize = pageSize
	var objects []*unstructured.Unstructured
	err := pages.EachListItem(ctx, metav1.ListOptions{LabelSelector: selector}, func(obj runtime.Object) error {
		item, ok := obj.(*unstructured.Unstructured)
		if !ok {
			return fmt.Errorf("unexpected %T in a list of %s", obj, resource.Resource)
		}
		objects = append(objects, item)
		return nil
	})
	return objects, err
}

// sameCluster reports whether two clients use the same cluster, by the UID of kube-system. It
// returns false if the UID cannot be read.
func sameCluster(ctx context.Context, a, b dynamic.Interface) bool {
	identity := func(client dynamic.Interface) types.UID {
		namespace, err := client.Resource(CoreResource("namespaces")).Get(ctx, metav1.NamespaceSystem, metav1.GetOptions{})
		if err != nil {
			return ""
		}
		return namespace.GetUID()
	}
	id := identity(a)
	return id != "" && id == identity(b)
}
