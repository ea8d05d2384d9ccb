// Package controllers gives life to namespaces: in those with a label, Kubernetes' own controllers make pods of Deployments
// and Jobs and delete what their owners leave, and the pods go to the one node. Everywhere else objects stay as they are, as
// the sample's must. It knows Kubernetes' objects, and nothing of KKP.
package controllers

import (
	"context"
	"fmt"
	"log"
	"sync"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/informers"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/cache"
	"k8s.io/kubernetes/pkg/controller/deployment"
	"k8s.io/kubernetes/pkg/controller/job"
	"k8s.io/kubernetes/pkg/controller/replicaset"
)

const (
	// Label is on the namespaces that live; its value is "true".
	Label = "sandbox.kkp-mirror.dev/live"

	selector = Label + "=true"
	workers  = 2
	burst    = 50 // pods that one ReplicaSet makes at once
)

// Controllers run until Stop.
type Controllers struct {
	config  *rest.Config
	client  kubernetes.Interface
	node    string
	cancel  context.CancelFunc
	running sync.WaitGroup

	mutex      sync.Mutex
	namespaces map[string]context.CancelFunc
}

// Start starts controllers for an API server. Pods go to the node of that name.
func Start(ctx context.Context, config *rest.Config, node string) (*Controllers, error) {
	client, err := kubernetes.NewForConfig(config)
	if err != nil {
		return nil, err
	}
	if err := useHostNetwork(ctx, client); err != nil {
		return nil, err
	}
	ctx, cancel := context.WithCancel(context.WithoutCancel(ctx))
	c := &Controllers{config: config, client: client, node: node, cancel: cancel, namespaces: map[string]context.CancelFunc{}}
	factory := informers.NewSharedInformerFactoryWithOptions(client, 0, informers.WithTweakListOptions(func(options *metav1.ListOptions) {
		options.LabelSelector = selector
	}))
	_, err = factory.Core().V1().Namespaces().Informer().AddEventHandler(cache.ResourceEventHandlerFuncs{
		AddFunc: func(object any) {
			if namespace, ok := object.(*corev1.Namespace); ok {
				c.enliven(ctx, namespace.Name)
			}
		},
		DeleteFunc: func(object any) { // also when the label goes
			if name, err := cache.DeletionHandlingMetaNamespaceKeyFunc(object); err == nil {
				c.abandon(name)
			}
		},
	})
	if err != nil {
		cancel()
		return nil, err
	}
	factory.Start(ctx.Done())

	return c, nil
}

// Stop ends all controllers and waits for them.
func (c *Controllers) Stop() {
	c.cancel()
	c.running.Wait()
}

// enliven starts the controllers of a namespace.
func (c *Controllers) enliven(ctx context.Context, namespace string) {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	if c.namespaces[namespace] != nil || ctx.Err() != nil {
		return
	}
	ctx, cancel := context.WithCancel(ctx)
	c.namespaces[namespace] = cancel
	if err := c.start(ctx, namespace); err != nil {
		log.Printf("controllers of the namespace %s: %v", namespace, err)
	}
}

func (c *Controllers) abandon(namespace string) {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	if cancel := c.namespaces[namespace]; cancel != nil {
		cancel()
		delete(c.namespaces, namespace)
	}
}

func (c *Controllers) start(ctx context.Context, namespace string) error {
	factory := informers.NewSharedInformerFactoryWithOptions(c.client, 0, informers.WithNamespace(namespace))
	pods, sets := factory.Core().V1().Pods(), factory.Apps().V1().ReplicaSets()
	deployments, err := deployment.NewDeploymentController(ctx, factory.Apps().V1().Deployments(), sets, pods, c.client)
	if err != nil {
		return fmt.Errorf("of Deployments: %w", err)
	}
	jobs, err := job.NewController(ctx, c.client, pods, factory.Batch().V1().Jobs(), nil, nil)
	if err != nil {
		return fmt.Errorf("of Jobs: %w", err)
	}
	replicas := replicaset.NewReplicaSetController(ctx, sets, pods, c.client, burst)
	if err := c.bindPods(ctx, pods.Informer()); err != nil {
		return fmt.Errorf("of pods: %w", err)
	}

	collectors, err := c.collectGarbage(ctx, namespace, factory)
	if err != nil {
		return err
	}

	factory.Start(ctx.Done())
	for _, run := range []func(context.Context, int){deployments.Run, jobs.Run, replicas.Run} {
		c.running.Go(func() { run(ctx, workers) })
	}
	for _, run := range collectors {
		c.running.Go(func() { run(ctx) })
	}

	return nil
}
