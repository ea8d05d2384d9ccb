package kkp

import (
	"context"
	"errors"
	"slices"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/client-go/discovery"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/rest"
)

// Client is a client of an API server.
type Client struct {
	dynamic.Interface
	REST      rest.Interface               // for lists
	Discovery discovery.DiscoveryInterface // nil: version and resources are not read
	Close     func()                       // closes idle connections; nil: nothing is closed
	Config    *rest.Config                 // of the connection; nil: how long its credentials are valid is not known
}

// Connect returns a client for an API server.
type Connect func(*rest.Config) (Client, error)

// Request selects the parts of an installation to read.
type Request struct {
	Namespace string // namespace of the KubermaticConfiguration, "" for any
	Connect   Connect
	Parts     []Part // in addition to the configuration, Seeds and Clusters; nil: all but those that must be requested explicitly

	// Progress is told how many user clusters are known, and how many of them were read; both
	// numbers grow. It is called by several goroutines. nil: nobody is told.
	Progress func(read, known int)
}

func (r Request) wants(part Part) bool { return r.Parts == nil || r.asks(part) }

// asks reports whether a part is requested explicitly.
func (r Request) asks(part Part) bool { return slices.Contains(r.Parts, part) }

// Load reads an installation from the API of the master cluster. It fails with a
// *ConfigurationError if the configuration cannot be read. Other parts that cannot be read are in
// Unread.
func Load(ctx context.Context, master Client, r Request) (Installation, error) {
	configuration, err := loadConfiguration(ctx, master, r.Namespace)
	if err != nil {
		return Installation{}, err
	}
	inst := Installation{Configuration: configuration, Live: true}
	inst.loadRunning(ctx, master)
	inst.PullSecret = loadPullSecret(ctx, master, configuration.Namespace)
	seeds, err := list(ctx, master, query{resource: SeedResource(), namespace: configuration.Namespace}, SeedFrom)
	if err != nil {
		inst.Unread = append(inst.Unread, Unread{Part: PartSeeds, Subject: "namespace " + configuration.Namespace, Err: unread("master", err)})
	}
	l := newLoader(r, master, configuration)
	inst.Seeds = seeds
	inst.Unread = append(inst.Unread, l.read(ctx, &inst)...)
	inst.resolveVersion()
	inst.collectInstalled()
	if r.asks(PartAccess) {
		inst.collectAccess(accessTo(ctx, master, "master", MasterRights(inst, r.Namespace)))
	}
	return inst, ctx.Err()
}

func loadConfiguration(ctx context.Context, master Client, namespace string) (Configuration, error) {
	objects, err := list(ctx, master, query{resource: ConfigurationResource(), namespace: namespace}, itself)
	if err != nil {
		return Configuration{}, &ConfigurationError{Namespace: namespace, Err: err}
	}
	configuration, err := onlyConfiguration(objects, namespace)
	var failure *ConfigurationError
	if errors.As(err, &failure) && len(failure.Found) == 0 && namespace != "" {
		// Without the right to list in all namespaces, the error names no other namespace.
		others, _ := list(ctx, master, query{resource: ConfigurationResource()}, itself)
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
