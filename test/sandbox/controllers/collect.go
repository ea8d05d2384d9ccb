package controllers

import (
	"context"
	"fmt"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/discovery"
	"k8s.io/client-go/discovery/cached/memory"
	"k8s.io/client-go/informers"
	"k8s.io/client-go/metadata"
	"k8s.io/client-go/metadata/metadatainformer"
	"k8s.io/client-go/restmapper"
	"k8s.io/controller-manager/pkg/informerfactory"
	"k8s.io/kubernetes/pkg/controller/garbagecollector"
	"k8s.io/kubernetes/pkg/controller/ttlafterfinished"
)

const (
	collectWait   = 30 * time.Second // for the first objects
	collectPeriod = time.Hour        // the kinds of objects that are collected do not change
)

// collectGarbage returns what deletes the objects of a namespace whose owners are gone, and Jobs whose time is over. Both are
// Kubernetes' own. The factory has the informers of the namespace.
func (c *Controllers) collectGarbage(ctx context.Context, namespace string, factory informers.SharedInformerFactory) ([]func(context.Context), error) {
	objects, err := metadata.NewForConfig(c.config)
	if err != nil {
		return nil, err
	}
	mapper := restmapper.NewDeferredDiscoveryRESTMapper(memory.NewMemCacheClient(c.client.Discovery()))
	others := metadatainformer.NewFilteredSharedInformerFactory(objects, 0, namespace, nil)
	started := make(chan struct{})
	close(started) // the collector starts its own informers
	collector, err := garbagecollector.NewGarbageCollector(ctx, c.client, objects, mapper, nil, informerfactory.NewInformerFactory(factory, others), started)
	if err != nil {
		return nil, fmt.Errorf("of garbage: %w", err)
	}
	finished := ttlafterfinished.New(ctx, factory.Batch().V1().Jobs(), c.client)

	return []func(context.Context){
		func(ctx context.Context) { collector.Run(ctx, workers, collectWait) },
		func(ctx context.Context) { collector.Sync(ctx, collected{}, collectPeriod) },
		func(ctx context.Context) { finished.Run(ctx, workers) },
	}, nil
}

// collected are the kinds of objects of which garbage is collected.
type collected struct {
	discovery.ServerResourcesInterface
}

// ServerPreferredResources implements discovery.ServerResourcesInterface, of which the collector asks nothing else.
func (collected) ServerPreferredResources() ([]*metav1.APIResourceList, error) {
	kinds := func(version string, resources ...string) *metav1.APIResourceList {
		list := &metav1.APIResourceList{GroupVersion: version}
		for _, resource := range resources {
			list.APIResources = append(list.APIResources, metav1.APIResource{
				Name: resource, Namespaced: true, Verbs: metav1.Verbs{"delete", "list", "watch"},
			})
		}
		return list
	}

	return []*metav1.APIResourceList{
		kinds("v1", "configmaps", "pods", "secrets"), kinds("apps/v1", "deployments", "replicasets"), kinds("batch/v1", "cronjobs", "jobs"),
	}, nil
}
